"""Where a connection's cost goes: the instructions of Python's own that each function of anysocket's runs.

One of them is some dozens of the processor's, and what it calls in C comes on top; but they say which
function has most. Counted by `sys.monitoring`, which Python has from 3.12 on.
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
"""Instructions that are worth a line."""


class Steps(msgspec.Struct, frozen=True):
    """What one function runs for each connection."""

    count: int
    where: str
    """The module."""
    function: str


class Profile(msgspec.Struct, frozen=True):
    """What a connection to one server runs."""

    server: str
    version: str
    steps: list[Steps]


class Counting:
    """Counts what is run from one call of `told` to the next."""

    def __init__(self) -> None:
        self._counts: Counter[CodeType] = Counter()
        self._began = False

    def told(self) -> str:
        """Begin; then tell what has been run since."""
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
    """Give each module and function with its count on each server, the most first."""
    counts: dict[tuple[str, str], list[int]] = {}
    for place, profile in enumerate(profiles):
        for steps in profile.steps:
            found = counts.setdefault((steps.where, steps.function), [0] * len(profiles))
            found[place] += steps.count
    rows = [(where, function, found) for (where, function), found in counts.items()]
    return sorted(rows, key=lambda row: max(row[2]), reverse=True)


def each(told: str, connections: int) -> list[Steps]:
    """Give what `Counting` has told, for each connection, the most first."""
    found = [
        msgspec.structs.replace(each, count=each.count // connections)
        for each in msgspec.json.decode(told, type=list[Steps])
    ]
    worth = (each for each in found if each.count >= _LEAST)
    return sorted(worth, key=lambda each: each.count, reverse=True)
