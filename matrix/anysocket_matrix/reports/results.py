"""The results of the matrix, on the terminal."""

import sys
from collections.abc import Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_matrix.case import Case
from anysocket_matrix.processes.output import printable
from anysocket_matrix.results.declaration import suggestion
from anysocket_matrix.results.results import Cell, Results, RowResult, Verdict

STYLES = {
    Verdict.NATIVE: "green",
    Verdict.REPAIRED: "cyan",
    Verdict.ABSENT: "yellow",
    Verdict.KNOWN: "magenta",
    Verdict.UNEXPECTED: "bold red",
}


_SIGNS = {
    Verdict.NATIVE: "n",
    Verdict.REPAIRED: "r",
    Verdict.ABSENT: "a",
    Verdict.KNOWN: "k",
    Verdict.UNEXPECTED: "!",
}


def print_results(console: Console, results: Results, cases: Sequence[Case]) -> None:
    """Print the table, the unexpected cells, and the summary."""
    table = _table(results, cases)
    unbounded = console.options.update(max_width=sys.maxsize)
    fits = console.measure(table, options=unbounded).minimum <= console.width
    console.print(table if fits else _dense_table(results, cases))
    for row in results.rows:
        print_trouble(console, row)
        if row.slowest:
            console.print(_slowest(row))
    console.print(_summary(results))


def print_trouble(console: Console, row: RowResult, environment: str = "") -> None:
    """Print the unexpected cells of a row, and why the row wasn't run to its end."""
    logs = set[str]()
    for cell in row.cells:
        if cell.verdict is Verdict.UNEXPECTED:
            why = escape(_why(cell, logs))
            console.print(f"[bold red]{environment}{row.row}: {cell.case}[/] ({cell.clause}) {why}")
    for line in _advice(row):
        console.print(escape(line), soft_wrap=True, highlight=False)
    if row.trouble is not None:
        console.print(f"[bold red]{environment}{row.row} wasn't run to its end:[/]\n{escape(row.trouble)}")


def _slowest(row: RowResult) -> Table:
    table = Table("seconds", "case", "layer", title=f"{row.row}: the slowest cases", box=SIMPLE_HEAD)
    for slow in row.slowest:
        table.add_row(f"{slow.seconds:.2f}", slow.case, slow.layer.value)
    return table


def print_cases(console: Console, cases: Sequence[Case]) -> None:
    """Print the cases that there are."""
    table = Table("case", "clause", "requires", "says", title=f"{len(cases)} cases")
    for case in cases:
        table.add_row(case.id, case.clause, ", ".join(case.requires), case.description)
    console.print(table)


def _table(results: Results, cases: Sequence[Case]) -> Table:
    table = _headed_table(results)
    for row in results.rows:
        table.add_column(row.row.replace("-", "-\n") + f"\n{row.version}", no_wrap=True, vertical="bottom")
    _add_cases(table, results, cases, {verdict: verdict.value for verdict in Verdict})
    return table


def _dense_table(results: Results, cases: Sequence[Case]) -> Table:
    """Make a table whose columns are numbered, in the order of the rows in the summary."""
    table = _headed_table(results)
    table.padding = 0
    table.caption = ", ".join(f"{sign} {verdict.value}" for verdict, sign in _SIGNS.items())
    for number in range(1, len(results.rows) + 1):
        table.add_column("\n".join(str(number)), no_wrap=True, vertical="bottom")
    _add_cases(table, results, cases, _SIGNS)
    return table


def _headed_table(results: Results) -> Table:
    runs = {f"anysocket {row.anysocket}, Python {row.python}, {row.platform}": None for row in results.rows}
    title = "\n".join(runs)
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("case", overflow="fold", min_width=20)
    return table


def _add_cases(table: Table, results: Results, cases: Sequence[Case], words: Mapping[Verdict, str]) -> None:
    by_row = [{cell.case: cell.verdict for cell in row.cells} for row in results.rows]
    styled: dict[Verdict | None, str] = {None: ""}
    styled |= {verdict: f"[{STYLES[verdict]}]{word}[/]" for verdict, word in words.items()}
    for case in sorted(cases, key=lambda each: each.clause):
        table.add_row(case.clause, case.id, *(styled[verdicts.get(case.id)] for verdicts in by_row))


def _why(cell: Cell, logs: set[str]) -> str:
    """Describe a cell: the declaration, the result of each layer, and each log once."""
    lines = [f"is known to fail ({cell.known})" if cell.known else f"is declared {cell.declared.value}"]
    for said, failure in zip(saw(cell), cell.failures.values(), strict=True):
        lines.append(f"  {said}")
        if failure is not None and failure.log and failure.log not in logs:
            logs.add(failure.log)
            lines += [f"    | {printable(line)}" for line in failure.log.splitlines()]
    return "\n".join(lines)


def saw(cell: Cell) -> list[str]:
    """Describe the result of a case, one line for each layer."""
    return [
        f"{layer.value}: {'passed' if failure is None else printable(failure.says)}"
        for layer, failure in cell.failures.items()
    ]


def _advice(row: RowResult) -> Iterator[str]:
    """Advise the author of the row's adapter about unexpected cells."""
    advice = suggestion(row)
    if advice.capabilities:
        yield f"{row.row}: these capabilities agree with what was measured:"
        for name, support in advice.capabilities.items():
            yield f"    {name}=Support.{support.name},"
    if advice.passing:
        yield f"{row.row}: remove from known_failures, because it passes: {', '.join(advice.passing)}"
    if advice.left:
        yield (
            f"{row.row}: no declaration agrees with these cases. Repair them, or name them in "
            f"known_failures with the address of a thread: {', '.join(advice.left)}"
        )


def _summary(results: Results) -> str:
    lines = [f"{number:>2} {_row_summary(row)}" for number, row in enumerate(results.rows, 1)]
    verdict = (
        "[bold green]Everything is as declared.[/]"
        if results.as_declared
        else "[bold red]Not everything is as declared.[/]"
    )
    return "\n".join([*lines, verdict])


def _row_summary(row: RowResult) -> str:
    counts = [(verdict, sum(cell.verdict is verdict for cell in row.cells)) for verdict in Verdict]
    shown = ", ".join(f"[{STYLES[verdict]}]{count} {verdict.value}[/]" for verdict, count in counts if count)
    return f"{row.row} {row.version}: {shown or 'nothing'} in {row.seconds:g} s"
