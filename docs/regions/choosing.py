"""What `anysocket servers` knows and answers."""

from pathlib import Path

from docs.tables import table
from rich.console import Console
from tests import choosing_app

from anysocket_matrix.choosing.needs import find
from anysocket_matrix.choosing.qualify import judge
from anysocket_matrix.choosing.show import need_rows, print_judged, print_uses
from anysocket_matrix.choosing.uses import uses

ASKED = ("peer-close-reason", "http2", "compression")
"""What docs/choosing.md asks for."""

APPLICATION = Path(choosing_app.__file__)


def needs() -> str:
    """Tell what can be asked of a server, and which rows lack it."""
    rows = [(f"`{names}`", need.clause, need.says, lacking) for names, need, lacking in need_rows()]
    return table(("`--need`", "clause", "what it is", "lacking on"), rows)


def answer() -> str:
    """Show what `anysocket servers` answers, without the versions that happen to be installed."""
    console = Console(width=110, force_terminal=False)
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
    console = Console(width=110, force_terminal=False)
    with console.capture() as captured:
        print_uses(console, "choosing_app:app", uses(choosing_app.app))
    return f"```\n{captured.get().strip()}\n```"
