"""`anysocket servers`: ask, judge, show."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from anysocket import Application
from anysocket_adapters.serving.served_app import load
from anysocket_matrix.choosing.figures import Figures
from anysocket_matrix.choosing.needs import find
from anysocket_matrix.choosing.qualify import judge, rows
from anysocket_matrix.choosing.record import record
from anysocket_matrix.choosing.show import print_judged, print_needs, print_rows, print_uses
from anysocket_matrix.choosing.uses import Use, uses
from anysocket_matrix.results.files import write_json


def run(
    names: Sequence[str], target: str | None, bench: Path | None, json: Path | None, *, capabilities: bool
) -> bool:
    """Show the servers, or which of them have what is needed; tell whether any has.

    Raises:
        ValueError: there is no such need or app, or a file can't be read or written.
    """
    console = Console()
    asked = bool(names) or target is not None
    used = [] if target is None else _uses(target)
    needs = find([*names, *(use.need for use in used)])
    judged = judge(needs) if asked else []
    figures = None if bench is None else Figures(bench)
    if json is not None:
        write_json(json, record(target, used, needs, judged, figures))
    if target is not None:
        print_uses(console, target, used)
    if asked:
        print_judged(console, judged, target)
    else:
        print_rows(console)
    if figures is not None:
        figures.print(console, [each.row for each in judged if not each.lacks] if asked else rows())
    if capabilities:
        print_needs(console)
    return not asked or any(not each.lacks for each in judged)


def _uses(target: str) -> list[Use]:
    app = load(target)
    if not isinstance(app, Application):
        raise ValueError(
            f"{target} is no anysocket.Application, but of type {type(app).__name__}, whose source doesn't "
            "tell what it needs: name it with --need, such as --need peer-close-code"
        )
    return uses(app)
