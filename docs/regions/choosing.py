"""The output of `anysocket servers`."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.tables import table
from rich.console import Console
from tests import choosing_app, test_choosing_app

from anysocket.testing.needs import UNSEEN
from anysocket_matrix.choosing.needs import find
from anysocket_matrix.choosing.qualify import judge
from anysocket_matrix.choosing.recorded import read_uses
from anysocket_matrix.choosing.show import need_rows, print_judged, print_uses

ASKED = ("peer-close-reason", "http2", "compression")
"""The needs in the example of docs/choosing.md."""

APPLICATION = Path(choosing_app.__file__)
TESTS = Path(test_choosing_app.__file__)


def needs() -> str:
    """List the needs that you can ask for, and the rows that lack each."""
    rows = [(f"`{names}`", need.clause, need.says, lacking) for names, need, lacking in need_rows()]
    return table(("`--need`", "clause", "what it is", "lacking on"), rows)


def answer() -> str:
    """Show the answer of `anysocket servers`, without the installed versions."""
    console = Console(width=110, force_terminal=False)
    with console.capture() as captured:
        print_judged(console, judge(find(ASKED)), versions=False)
    return f"```sh\nanysocket servers {' '.join(f'--need {name}' for name in ASKED)}\n```\n\n" + (
        f"```\n{captured.get()}```"
    )


def application() -> str:
    """Show an application."""
    return f"```py\n{APPLICATION.read_text()}```"


def tests() -> str:
    """Show the tests of it."""
    return f"```py\n{TESTS.read_text()}```"


def used() -> str:
    """Show what its tests use, as `anysocket servers --needs` does."""
    console = Console(width=110, force_terminal=False)
    root = TESTS.parent.parent
    with TemporaryDirectory() as folder, console.capture() as captured:
        file = Path(folder) / "needs.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            f"--anysocket-needs={file}",
            str(TESTS.relative_to(root)),
        ]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
        print_uses(console, read_uses(file))
    return f"```\n{captured.get().strip()}\n```"


def unseen() -> str:
    """Tell which capabilities no test shows, and why."""
    rows = [(", ".join(f"`{name}`" for name in names), reason) for reason, names in UNSEEN.items()]
    return table(("capability", "why no test shows that it is used"), rows)
