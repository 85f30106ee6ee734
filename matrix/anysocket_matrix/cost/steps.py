"""The cost of a connection by function: Python's own instructions in each function of anysocket.

One of them takes some dozens of CPU instructions, without the C code that it calls; but the figures
show which function has most. They are counted by `sys.monitoring`, which needs Python 3.12.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType

import msgspec

from anysocket_matrix.cost.own_files import is_own

COUNTED: Mapping[str, str] = {"ANYSOCKET_COST_STEPS": "1"}
"""The environment of a process whose instructions are counted."""

_LEAST = 10
"""The minimum number of instructions for a line of the table."""


class Steps(msgspec.Struct, frozen=True):
    """The instructions of one function for each connection."""

    count: int
    where: str
    """The module."""
    function: str


class Profile(msgspec.Struct, frozen=True):
    """The instructions of a connection to one server."""

    server: str
    version: str
    steps: list[Steps]


class Counting:
    """Counts the instructions from one call of `take_counts` to the next."""

    def __init__(self) -> None:
        self._counts: Counter[CodeType] = Counter()
        self._began = False

    def take_counts(self) -> str:
        """Start counting; from the second call on, return the counts since the last call."""
        if sys.version_info >= (3, 12):
            tool, events = sys.monitoring.PROFILER_ID, sys.monitoring.events
            if self._began:
                sys.monitoring.set_events(tool, events.NO_EVENTS)
                sys.monitoring.free_tool_id(tool)
            else:
                self._began = True
                sys.monitoring.use_tool_id(tool, "anysocket cost")
                sys.monitoring.register_callback(tool, events.INSTRUCTION, self._count)
                sys.monitoring.set_events(tool, events.INSTRUCTION)
        steps = [
            Steps(count, Path(code.co_filename).stem, code.co_qualname)
            for code, count in self._counts.copy().items()
            if code.co_filename != __file__ and is_own(code.co_filename)
        ]
        return msgspec.json.encode(steps).decode()

    def _count(self, code: CodeType, offset: int) -> None:
        self._counts[code] += 1


def by_function(profiles: Sequence[Profile]) -> list[tuple[str, str, list[int]]]:
    """Return each module and function with its count on each server, the largest first."""
    counts: dict[tuple[str, str], list[int]] = {}
    for place, profile in enumerate(profiles):
        for steps in profile.steps:
            found = counts.setdefault((steps.where, steps.function), [0] * len(profiles))
            found[place] += steps.count
    rows = [(where, function, found) for (where, function), found in counts.items()]
    return sorted(rows, key=lambda row: max(row[2]), reverse=True)


def per_connection(counts: str, connections: int) -> list[Steps]:
    """Return the counts of `Counting`, divided by the connections, the largest first."""
    found = [
        msgspec.structs.replace(each, count=each.count // connections)
        for each in msgspec.json.decode(counts, type=list[Steps])
    ]
    worth = (each for each in found if each.count >= _LEAST)
    return sorted(worth, key=lambda each: each.count, reverse=True)
