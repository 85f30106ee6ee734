"""`anysocket autobahn`: choose the cases, run, compare, report."""

from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from anysocket_matrix.autobahn.report import print_results
from anysocket_matrix.autobahn.run import all_cases, run_row
from anysocket_matrix.autobahn.verdicts import RowResult, accept, compare, load
from anysocket_matrix.results.files import is_folder, prepare, prepare_folder, write_json
from anysocket_matrix.rows.rows import Row, rows

QUICK = ("1", "2", "3", "4", "5", "6", "7", "10")
"""The groups that take seconds: all except large messages (9) and compression (12 and 13)."""


def run(
    names: list[str], groups: list[str], json: Path | None, folder: Path, *, accepting: bool, repeat: int
) -> bool:
    """Run cases on rows; return whether every verdict is the committed one and none is worse with anysocket.

    Raises:
        ValueError: a row or a case doesn't exist, or there are no committed verdicts to compare with.
        NotServing: a server didn't start, or died.
        ClientFailed: kosoku died.
    """
    console = Console()
    chosen = _reachable(rows(names, variants=False, proxies=False))
    cases = _of_groups(groups)
    committed = {} if accepting else {row: load(folder, row) for row in chosen}
    if accepting:
        prepare_folder(folder)
    if json is not None:
        if is_folder(json):
            raise ValueError(f"{json} must be a file, such as {json}.json")
        prepare(json)
    results: list[RowResult] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        total = 2 * len(cases) * repeat
        bars = {row: progress.add_task(row.name, total=total, start=False) for row in chosen}
        for row, bar in bars.items():
            progress.start_task(bar)
            result = run_row(row, cases, repeat, partial(progress.advance, bar))
            if accepting:
                accept(folder, row, result)
            problems = list(compare(load(folder, row) if accepting else committed[row], result))
            results.append(msgspec.structs.replace(result, problems=problems))
    print_results(console, results)
    if json is not None:
        write_json(json, results)
    return not any(result.problems for result in results)


def _reachable(chosen: list[Row]) -> list[Row]:
    for row in chosen:
        if row.http2 or row.tls or row.proxy is not None:
            raise ValueError(f"Autobahn's cases need HTTP/1.1, no TLS and no proxy: {row.name} can't be run")
    return chosen


def _of_groups(groups: list[str]) -> list[str]:
    """Return the cases of groups such as 9, 9.3 or 9.3.1, or all cases without a group."""
    known = all_cases()
    chosen = dict[str, None]()
    for group in groups or known:
        found = [case for case in known if f"{case}.".startswith(f"{group}.")]
        if not found:
            tops = dict.fromkeys(case.split(".")[0] for case in known)
            raise ValueError(f"Autobahn has no case or group {group!r}: its groups are {', '.join(tops)}")
        chosen.update(dict.fromkeys(found))
    return [case for case in known if case in chosen]
