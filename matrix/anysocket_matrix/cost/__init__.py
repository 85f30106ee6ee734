"""`anysocket cost`: instructions per message and per connection, counted by valgrind's callgrind.

A count is repeatable, unlike a time: it is the same whatever else the machine does. The cost of
start and end is removed by counting two runs of different length.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_matrix.cost import callgrind
from anysocket_matrix.cost.peers import peer
from anysocket_matrix.cost.workload import CONNECTIONS, MESSAGES, SUSPENDING, WORKLOADS, workload


class Cost(msgspec.Struct, frozen=True):
    """The cost of one app, in instructions."""

    app: str
    raw: str
    """The app that does the same, written by hand."""
    message: int
    """A text message of 32 characters, received and sent back."""
    connection: int
    """A connection that is accepted, and closed by its peer without a message."""


class Costs(msgspec.Struct, frozen=True):
    """One run, and the environment that its figures depend on."""

    anysocket: str
    python: str
    platform: str
    costs: list[Cost]

    def over_raw(self, cost: Cost) -> Cost:
        """Return the cost of an app beyond that of the raw app."""
        raw = next(each for each in self.costs if each.app == cost.raw)
        return Cost(cost.app, cost.raw, cost.message - raw.message, cost.connection - raw.connection)


def measure(peers: Sequence[str] = ()) -> Costs:
    """Count.

    Args:
        peers: other frameworks to count too.

    Raises:
        ValueError: valgrind or a framework isn't installed.
    """
    for each in peers:
        peer(each)
    return Costs(
        anysocket=version("anysocket"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        costs=[_measure(app) for app in (*WORKLOADS, *(SUSPENDING if peers else ()), *peers)],
    )


def _measure(app: str) -> Cost:
    with TemporaryDirectory() as folder:
        finished = subprocess.run(
            [*callgrind.command(Path(folder)), sys.executable, "-m", "anysocket_matrix.cost.workload", app],
            env={**os.environ, **callgrind.ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise ValueError(f"callgrind failed:\n{finished.stderr[-2000:]}")
        _, few, many, short, long = callgrind.counts(Path(folder))[:5]
    return Cost(
        app,
        workload(app).raw,
        message=round((many - few) / (MESSAGES[1] - MESSAGES[0])),
        connection=round((long - short) / (CONNECTIONS[1] - CONNECTIONS[0])),
    )


def print_costs(console: Console, costs: Costs) -> None:
    """Print the table, with the cost of each app over raw ASGI."""
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
