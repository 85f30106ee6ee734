"""The output of `anysocket servers`."""

from pathlib import Path

from docs.tables import table
from rich.console import Console
from tests import choosing_app

from anysocket_matrix.choosing.needs import find
from anysocket_matrix.choosing.qualify import judge
from anysocket_matrix.choosing.show import need_rows, print_judged, print_uses
from anysocket_matrix.choosing.uses import uses

ASKED = ("peer-close-reason", "http2", "compression")
"""The needs in the example of docs/choosing.md."""

APPLICATION = Path(choosing_app.__file__)


def needs() -> str:
    """List the needs that you can ask for, and the rows that lack each."""
    rows = [(f"`{names}`", need.clause, need.says, lacking) for names, need, lacking in need_rows()]
    return table(("`--need`", "clause", "what it is", "lacking on"), rows)


def answer() -> str:
    """Show the answer of `anysocket servers`, without the installed versions."""
    console = Console(width=110)
    with console.capture() as captured:
        print_judged(console, judge(find(ASKED)), None, versions=False)
    return f"```sh\nanysocket servers {' '.join(f'--need {name}' for name in ASKED)}\n```\n\n" + (
        f"```\n{captured.get()}```"
    )


def application() -> str:
    """Show the application that tests/test_choosing_uses.py is about."""
    return f"```py\n{APPLICATION.read_text()}```"


def used() -> str:
    """Show where it needs what, as `anysocket servers --app` does."""
    console = Console(width=110)
    with console.capture() as captured:
        print_uses(console, "choosing_app:app", uses(choosing_app.app))
    return f"```\n{captured.get().strip()}\n```"
