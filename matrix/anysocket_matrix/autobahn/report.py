"""The results of Autobahn's cases, on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_matrix.autobahn.verdicts import Case, Outcome, RowResult, Verdict

STYLES = {
    Verdict.OK: "green",
    Verdict.INFORMATIONAL: "green",
    Verdict.NON_STRICT: "cyan",
    Verdict.UNIMPLEMENTED: "yellow",
    Verdict.FAILED: "red",
    Verdict.ERROR: "bold red",
}


def print_results(console: Console, results: Sequence[RowResult]) -> None:
    """Print each row's counts, its failures, and its differences from the committed verdicts."""
    for result in results:
        console.print(_table(result))
        for case, seen in result.cases.items():
            _print_failure(console, case, seen)
    problems = [problem for result in results for problem in result.problems]
    for problem in problems:
        console.print(f"[bold red]{escape(problem)}[/]")
    console.print(
        "[bold red]Not every verdict is the committed one.[/]"
        if problems
        else "[bold green]Every verdict is the committed one.[/]"
    )


def _table(result: RowResult) -> Table:
    title = f"{result.row} {result.version}, {len(result.cases)} cases in {result.seconds:g} s"
    table = Table("", title=title)
    for verdict in Verdict:
        table.add_column(verdict.value, justify="right")
    for echo, outcomes in (
        ("bare", [outcome for case in result.cases.values() for outcome in case.bare]),
        ("ours", [outcome for case in result.cases.values() for outcome in case.ours]),
    ):
        found = [outcome.verdict for outcome in outcomes]
        counts = {verdict: found.count(verdict) for verdict in Verdict}
        table.add_row(
            echo, *(f"[{STYLES[verdict]}]{count}[/]" if count else "" for verdict, count in counts.items())
        )
    return table


def _print_failure(console: Console, case: str, seen: Case) -> None:
    bare, ours = _failure(seen.bare), _failure(seen.ours)
    if bare == ours and bare is not None:
        console.print(f"{case} bare and ours: {escape(bare)}")
        return
    for echo, failure in (("bare", bare), ("ours", ours)):
        if failure is not None:
            console.print(f"{case} {echo}: {escape(failure)}")


def _failure(outcomes: Sequence[Outcome]) -> str | None:
    failed = [outcome for outcome in outcomes if outcome.verdict.worse_than([Verdict.UNIMPLEMENTED])]
    return f"{failed[0].verdict.value}: {failed[0].says}" if failed else None
