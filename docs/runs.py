"""The committed runs of `anysocket bench`, and how figures of different rows are compared."""

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
"""The runs that have all servers, by the event loop: a file each."""

FRAMEWORKS = "frameworks"
"""The run that has frameworks."""

MANY = "many"
"""The run that has more connections than the others."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What an app costs in a scenario on a row: processor time, or where nothing is sent, memory."""

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
    """A file."""

    name: str
    results: Results
    cells: Sequence[Cell]

    def figures(self, scenario: str) -> list[Figure]:
        """Give what each app costs on each row; none of a scenario that wasn't run."""
        return [_figure(cell, self.results) for cell in self.cells if cell.scenario == scenario]


def runs(*names: str) -> list[Run]:
    """Read the runs that are there.

    Raises:
        ValueError: a file is something else.
    """
    files = [FOLDER / f"{name}.json" for name in names]
    return [_read(file) for file in files if file.exists()]


def ours(scenario: str, *names: str) -> list[Figure]:
    """Give what a handler of anysocket's costs on each row; on each event loop, unless runs are named."""
    return [each for run in runs(*(names or SERVERS)) for each in run.figures(scenario) if each.app == OURS]


def loop_of(row: str) -> str:
    """Give the event loop of a row."""
    return row.partition("+")[2] or "asyncio"


def apart(one: Figure, other: Figure) -> bool | None:
    """Tell whether two figures differ that weren't measured in the same rounds: whether their quartiles do.

    None when the rounds are so few that not even a ratio within them could be told from 1.
    """
    if differs([2.0] * min(one.rounds, other.rounds)) is None:
        return None
    return one.spread.lower > other.spread.upper or one.spread.upper < other.spread.lower


def times(one: Figure, other: Figure) -> str:
    """Write how many times as much one figure is as another; what can't be told apart is about 1."""
    if other.spread.median <= 0:
        return "-"  # memory that nothing was seen of
    told, ratio = apart(one, other), one.spread.median / other.spread.median
    if told is None:
        return f"{TIMES}{ratio:.2f}?"
    return f"{TIMES}{ratio:.2f}" if told else "≈ 1"


def cheapest(figures: Sequence[Figure]) -> tuple[list[Figure], list[Figure]]:
    """Give those that nothing tells from the lowest figure, and the others; the lowest first."""
    by_cost = sorted(figures, key=lambda each: each.spread.median)
    same = [each for each in by_cost if each is by_cost[0] or apart(each, by_cost[0]) is False]
    return same, [each for each in by_cost if each not in same]


@cache
def _read(file: Path) -> Run:
    results = read(file)
    known = {app.name for app in APPS}  # the benchmark may no longer have all
    rounds = [each for each in results.rounds if each.app in known]
    return Run(file.stem, results, summarise(msgspec.structs.replace(results, rounds=rounds)))


def _figure(cell: Cell, results: Results) -> Figure:
    if cell.p50 is None and cell.memory is not None:
        spread, over_raw, unit = cell.memory, cell.memory_ratio, "KiB/connection"
    else:
        spread, over_raw, unit = cell.cpu, cell.cpu_ratio, f"µs/{results.units[cell.scenario]}"
    return Figure(cell.server, cell.app, unit, cell.rounds, spread, over_raw)
