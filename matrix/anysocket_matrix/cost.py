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
from collections.abc import Iterable

import msgspec
from rich.console import Console
from rich.table import Table

from anysocket_matrix.workload import APPS

MESSAGES = (2_000, 6_000)
CONNECTIONS = (200, 600)

_COLLECTED = re.compile(r"Collected : (\d+)")


class Cost(msgspec.Struct, frozen=True):
    """What one app costs, in instructions."""

    app: str
    message: int
    """A text of 32 bytes, received and sent back."""
    connection: int
    """Accepted, left by its peer and closed, without a message."""


def measure(apps: Iterable[str] = APPS) -> list[Cost]:
    """Count.

    Raises:
        ValueError: valgrind isn't there.
    """
    if shutil.which("valgrind") is None:
        raise ValueError("valgrind isn't installed: apt-get install valgrind")
    return [_measure(app) for app in apps]


def _measure(app: str) -> Cost:
    few, many = (_instructions(app, 1, count) for count in MESSAGES)
    short, long = (_instructions(app, count, 0) for count in CONNECTIONS)
    return Cost(
        app,
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


def print_costs(console: Console, costs: list[Cost]) -> None:
    """Print the table, with what each costs over raw ASGI."""
    raw = costs[0]
    table = Table(title=f"instructions, in process, Python {platform.python_version()}")
    for column in ("app", "echo of 32 bytes", "over raw", "connection", "over raw"):
        table.add_column(column, justify="left" if column == "app" else "right")
    for cost in costs:
        over = (cost.message - raw.message, cost.connection - raw.connection)
        table.add_row(cost.app, f"{cost.message:,}", f"{over[0]:,}", f"{cost.connection:,}", f"{over[1]:,}")
    console.print(table)
