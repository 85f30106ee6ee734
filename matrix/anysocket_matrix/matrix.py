"""`anysocket matrix`: choose, run, report."""

from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from anysocket_adapters import Server, servers
from anysocket_adapters.server import choose
from anysocket_matrix.conformance.case import Case, cases
from anysocket_matrix.report import prepare_file, print_cases, print_results, write_json
from anysocket_matrix.results import Layer, Results
from anysocket_matrix.run import run_matrix


def run(rows: list[str], pattern: str, json: Path | None, *, only_list: bool) -> bool:
    """Run the matrix, or list its cases; tell whether everything is as declared.

    Raises:
        ValueError: a row isn't there, no case matches, or the file can't be written.
    """
    console = Console()
    chosen = [case for case in cases() if fnmatchcase(case.id, pattern)]
    if not chosen:
        raise ValueError(f"no case matches {pattern!r}: anysocket matrix --list shows them all")
    if only_list:
        print_cases(console, chosen)
        return True
    if json is not None:
        prepare_file(json)
    results = _run(console, _rows(rows), chosen)
    print_results(console, results, chosen)
    if json is not None:
        write_json(json, results)
    return results.as_declared


def _rows(names: list[str]) -> list[Server]:
    if names:
        return [choose(name) for name in dict.fromkeys(names)]
    installed = [server for server in servers().values() if server.version is not None]
    if not installed:
        raise ValueError("no server is installed: pip install 'anysocket[all]'")
    return installed


def _run(console: Console, rows: list[Server], chosen: list[Case]) -> Results:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        total = len(chosen) * len(Layer)
        bars = {row.name: progress.add_task(row.name, total=total, start=False) for row in rows}

        def update(row: str, count: int) -> None:
            progress.start_task(bars[row])
            progress.update(bars[row], completed=count)

        return run_matrix(rows, chosen, update)
