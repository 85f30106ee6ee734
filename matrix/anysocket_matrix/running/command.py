"""`anysocket matrix`: choose the cases, run them, report."""

from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from anysocket_matrix.case import Case, cases
from anysocket_matrix.reports.results import print_cases, print_results
from anysocket_matrix.results import files
from anysocket_matrix.results.results import Results
from anysocket_matrix.rows.rows import Row, rows
from anysocket_matrix.running.run import run_matrix


def run(
    names: list[str],
    patterns: list[str],
    json: Path | None,
    *,
    variants: bool,
    proxies: bool,
    lifecycle_once: bool,
    durations: int,
    jobs: int,
    only_list: bool,
) -> bool:
    """Run the matrix or list its cases; return whether everything is as declared.

    Raises:
        ValueError: a row doesn't exist, no case matches a pattern, or the file can't be written.
    """
    console = Console()
    chosen = _matching(patterns) if patterns else cases()
    if only_list:
        print_cases(console, chosen)
        return True
    on = rows(names, variants=variants, proxies=proxies)
    if lifecycle_once:
        on = [row.with_lifecycle_once for row in on]
    if json is not None:
        files.prepare(json)
    results = _run(console, on, chosen, durations, jobs)
    print_results(console, results, chosen)
    if json is not None:
        files.write(json, results)
    return results.as_declared


def _matching(patterns: list[str]) -> list[Case]:
    for pattern in patterns:
        if not any(fnmatchcase(case.id, pattern) for case in cases()):
            raise ValueError(f"no case matches {pattern!r}: anysocket matrix --list shows them all")
    return [case for case in cases() if any(fnmatchcase(case.id, pattern) for pattern in patterns)]


def _run(console: Console, rows: list[Row], chosen: list[Case], durations: int, jobs: int) -> Results:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        totals = {
            row: sum(len(case.layers_of(plain=row.plain)) for case in chosen if row.runs(case))
            for row in rows
        }
        bars = {row.name: progress.add_task(row.name, total=totals[row], start=False) for row in rows}

        def update(row: str, count: int) -> None:
            progress.start_task(bars[row])
            progress.update(bars[row], completed=count)

        return run_matrix(rows, chosen, update, durations=durations, jobs=jobs)
