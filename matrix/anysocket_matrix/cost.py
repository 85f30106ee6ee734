"""`anysocket cost`: instructions per message and per connection, counted by valgrind's callgrind.

A count repeats where a time doesn't: it is the same whatever else the machine is doing. What
starting Python costs is taken off, by counting two runs of different length.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import version

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_matrix.workload import WORKLOADS

MESSAGES = (2_000, 6_000)
CONNECTIONS = (200, 600)

_COLLECTED = re.compile(r"Collected : (\d+)")


class Cost(msgspec.Struct, frozen=True):
    """What one app costs, in instructions."""

    app: str
    raw: str
    """The app that does the same by hand."""
    message: int
    """A message with 32 characters of text, received and sent back."""
    connection: int
    """Accepted, left by its peer and closed, without a message."""


class Costs(msgspec.Struct, frozen=True):
    """One run, with what its figures depend on."""

    anysocket: str
    python: str
    platform: str
    costs: list[Cost]

    def over_raw(self, cost: Cost) -> Cost:
        """Give what an app costs beyond the one that does the same by hand."""
        raw = next(each for each in self.costs if each.app == cost.raw)
        return Cost(cost.app, cost.raw, cost.message - raw.message, cost.connection - raw.connection)


def measure() -> Costs:
    """Count.

    Raises:
        ValueError: valgrind isn't there.
    """
    if shutil.which("valgrind") is None:
        raise ValueError("valgrind isn't installed: apt-get install valgrind")
    return Costs(
        anysocket=version("anysocket"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        costs=[_measure(app) for app in WORKLOADS],
    )


def _measure(app: str) -> Cost:
    few, many = (_instructions(app, 1, count) for count in MESSAGES)
    short, long = (_instructions(app, count, 0) for count in CONNECTIONS)
    return Cost(
        app,
        WORKLOADS[app].raw,
        message=round((many - few) / (MESSAGES[1] - MESSAGES[0])),
        connection=round((long - short) / (CONNECTIONS[1] - CONNECTIONS[0])),
    )


def _instructions(app: str, connections: int, messages: int) -> int:
    finished = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
            *(sys.executable, "-m", "anysocket_matrix.workload", app, str(connections), str(messages)),
        ],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    collected = _COLLECTED.search(finished.stderr)
    if finished.returncode != 0 or collected is None:
        raise ValueError(f"callgrind failed:\n{finished.stderr[-2000:]}")
    return int(collected[1])


def print_costs(console: Console, costs: Costs) -> None:
    """Print the table, with what each costs over raw ASGI."""
    title = f"instructions, anysocket {costs.anysocket}, Python {costs.python}, {costs.platform}"
    table = Table(title=title)
    for column in ("app", "message", "over raw", "connection", "over raw"):
        table.add_column(column, justify="left" if column == "app" else "right")
    for cost in costs.costs:
        over = costs.over_raw(cost)
        table.add_row(
            escape(cost.app),
            f"{cost.message:,}",
            f"{over.message:,}",
            f"{cost.connection:,}",
            f"{over.connection:,}",
        )
    console.print(table)
