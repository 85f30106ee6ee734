"""The committed runs of `anysocket bench`, and the comparison of figures of different rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
from docs.folders import RESULTS

from anysocket_matrix.bench.apps import APPS, OURS
from anysocket_matrix.bench.results import Results, read
from anysocket_matrix.bench.statistics import Ratio, Spread, differs
from anysocket_matrix.bench.summary import TIMES, Cell, summarise

FOLDER = RESULTS / "bench"

SERVERS = ("asyncio", "uvloop")
"""The runs with all servers, by event loop: a file each."""

FRAMEWORKS = "frameworks"
"""The run with frameworks."""

MANY = "many"
"""The run with more connections than the others."""


@dataclass(frozen=True, slots=True)
class Figure:
    """The cost of an app in a scenario on a row: processor time, or memory where no message is sent."""

    row: str
    app: str
    unit: str
    rounds: int
    spread: Spread
    over_raw: Ratio | None

    @property
    def server(self) -> str:
        """The row without its event loop."""
        return self.row.partition("+")[0]

    @property
    def loop(self) -> str:
        """The row's event loop."""
        return loop_of(self.row)


@dataclass(frozen=True, slots=True)
class Run:
    """A file with a run."""

    name: str
    results: Results
    cells: Sequence[Cell]

    def figures(self, scenario: str) -> list[Figure]:
        """Return the cost of each app on each row; nothing for a scenario that wasn't run."""
        return [_figure(cell, self.results) for cell in self.cells if cell.scenario == scenario]


def runs(*names: str) -> list[Run]:
    """Read those of the named runs that exist.

    Raises:
        ValueError: a file isn't a run.
    """
    files = [FOLDER / f"{name}.json" for name in names]
    return [_read(file) for file in files if file.exists()]


def ours(scenario: str, *names: str) -> list[Figure]:
    """Return the cost of an anysocket handler on each row, from the named runs or from `SERVERS`."""
    return [each for run in runs(*(names or SERVERS)) for each in run.figures(scenario) if each.app == OURS]


def loop_of(row: str) -> str:
    """Return the event loop of a row."""
    return row.partition("+")[2] or "asyncio"


def apart(one: Figure, other: Figure) -> bool | None:
    """Return whether the quartiles of two figures of different rounds don't overlap.

    None when there are too few rounds to distinguish even a ratio within rounds from 1.
    """
    if differs([2.0] * min(one.rounds, other.rounds)) is None:
        return None
    return one.spread.lower > other.spread.upper or one.spread.upper < other.spread.lower


def times(one: Figure, other: Figure) -> str:
    """Write the ratio of two figures; `≈ 1` when they don't differ."""
    if other.spread.median <= 0:
        return "-"  # no memory was measured
    differ, ratio = apart(one, other), one.spread.median / other.spread.median
    if differ is None:
        return f"{TIMES}{ratio:.2f}?"
    return f"{TIMES}{ratio:.2f}" if differ else "≈ 1"


def cheapest(figures: Sequence[Figure]) -> tuple[list[Figure], list[Figure]]:
    """Return the figures that don't differ from the lowest, and the others; the lowest first."""
    by_cost = sorted(figures, key=lambda each: each.spread.median)
    same = [each for each in by_cost if each is by_cost[0] or apart(each, by_cost[0]) is False]
    return same, [each for each in by_cost if each not in same]


@cache
def _read(file: Path) -> Run:
    results = read(file)
    known = {app.name for app in APPS}  # apps that the benchmark still has
    rounds = [each for each in results.rounds if each.app in known]
    return Run(file.stem, results, summarise(msgspec.structs.replace(results, rounds=rounds)))


def _figure(cell: Cell, results: Results) -> Figure:
    if cell.p50 is None and cell.memory is not None:
        spread, over_raw, unit = cell.memory, cell.memory_ratio, "KiB/connection"
    else:
        spread, over_raw, unit = cell.cpu, cell.cpu_ratio, f"µs/{results.units[cell.scenario]}"
    return Figure(cell.server, cell.app, unit, cell.rounds, spread, over_raw)
