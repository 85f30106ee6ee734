"""`anysocket servers`: ask, judge, show."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from anysocket.testing.needs import Use
from anysocket_matrix.choosing.figures import Figures
from anysocket_matrix.choosing.needs import Need, find
from anysocket_matrix.choosing.qualify import judge, rows
from anysocket_matrix.choosing.record import record
from anysocket_matrix.choosing.recorded import read_uses
from anysocket_matrix.choosing.show import print_judged, print_needs, print_rows, print_uses
from anysocket_matrix.results.files import write_json


def run(
    names: Sequence[str], recorded: Path | None, bench: Path | None, json: Path | None, *, capabilities: bool
) -> bool:
    """Show the servers, or which of them have what is needed; tell whether any has.

    Raises:
        ValueError: there is no such need, or a file can't be read or written.
    """
    console = Console()
    asked = bool(names) or recorded is not None
    uses: Mapping[Need, Sequence[Use]] = {} if recorded is None else read_uses(recorded)
    needs = find([*names, *(need.name for need in uses)])
    judged = judge(needs) if asked else []
    figures = None if bench is None else Figures(bench)
    if json is not None:
        write_json(json, record(uses, needs, judged, figures))
    if recorded is not None:
        print_uses(console, uses)
    if asked:
        print_judged(console, judged)
    else:
        print_rows(console)
    if figures is not None:
        figures.print(console, [each.row for each in judged if not each.lacks] if asked else rows())
    if capabilities:
        print_needs(console)
    return not asked or any(not each.lacks for each in judged)
