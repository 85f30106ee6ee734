"""The rounds of a run summarised: one cell for each server, scenario and app."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import msgspec

from anysocket_matrix.bench.apps import APPS, RAW
from anysocket_matrix.bench.results import Results, Round
from anysocket_matrix.bench.statistics import Ratio, Spread, ratio, spread

BUSY = 0.9
"""The part of the time that the client is busy from which on it may limit the rate."""


TIMES = "\N{MULTIPLICATION SIGN}"


class Cell(msgspec.Struct, frozen=True):
    """The costs of one app in one scenario on one server."""

    server: str
    scenario: str
    app: str
    rounds: int
    cpu: Spread
    """Microseconds of CPU time for each message, delivery or connection."""
    cpu_ratio: Ratio | None
    """The ratio to the raw app; None for the raw app itself, or if it has no figure."""
    rate: float
    """Messages, deliveries or connections per second."""
    client: float
    """The part of the time that the client was busy."""
    p50: float | None
    """Microseconds."""
    p99: float | None
    memory: Spread | None
    """KiB for each connection, if memory is measured."""
    memory_ratio: Ratio | None

    @property
    def limited_by_client(self) -> bool:
        """Whether the client limits the rate, not the server."""
        return self.client >= BUSY


def summarise(results: Results) -> list[Cell]:
    """Summarise the rounds by server, scenario and app."""
    found: dict[tuple[str, str, str], list[Round]] = {}
    for each in results.rounds:
        found.setdefault((each.server, each.scenario, each.app), []).append(each)
    cells = [
        _cell(rounds, [] if app == RAW else found.get((server, scenario, RAW), []))
        for (server, scenario, app), rounds in found.items()
    ]
    servers, scenarios, apps = list(results.commands), list(results.units), [app.name for app in APPS]
    return sorted(
        cells,
        key=lambda cell: (
            servers.index(cell.server),
            scenarios.index(cell.scenario),
            apps.index(cell.app),
        ),
    )


class Line(msgspec.Struct, frozen=True):
    """A line of the table: one figure for each app."""

    scenario: str
    label: str
    figures: dict[str, tuple[Spread, Ratio | None]]
    """The figures by app."""


def lines(cells: Sequence[Cell], units: Mapping[str, str]) -> list[Line]:
    """Return the lines of one server: CPU time, and memory if it is measured."""
    found: list[Line] = []
    for scenario, unit in units.items():
        chosen = [cell for cell in cells if cell.scenario == scenario]
        times = {cell.app: (cell.cpu, cell.cpu_ratio) for cell in chosen if cell.p50 is not None}
        memory = {cell.app: (cell.memory, cell.memory_ratio) for cell in chosen if cell.memory is not None}
        for label, figures in ((f"µs/{unit}", times), ("KiB/connection", memory)):
            if figures:
                found.append(Line(scenario, label, figures))
    return found


def format_ratio(ratio: Ratio | None) -> str:
    """Format a ratio; it is about 1 if there is no difference."""
    if ratio is None:
        return ""
    median, lower, upper = (f"{each:.2f}" for each in msgspec.structs.astuple(ratio.spread))
    if ratio.differs is None:
        return f"{TIMES}{median}?"
    return f"{TIMES}{median} ({lower}-{upper})" if ratio.differs else "≈ 1"


def _cell(rounds: Sequence[Round], raw: Iterable[Round]) -> Cell:
    first, of_raw = rounds[0], {each.number: each for each in raw}
    pairs = [(each, of_raw[each.number]) for each in rounds if each.number in of_raw]
    memory = [each.memory / 1024 for each in rounds if each.memory is not None]
    cpu_ratios = [_cpu(ours) / _cpu(theirs) for ours, theirs in pairs if _cpu(theirs)]
    memory_ratios = [
        ours.memory / theirs.memory
        for ours, theirs in pairs
        if ours.memory is not None and theirs.memory is not None and theirs.memory > 0
    ]
    return Cell(
        server=first.server,
        scenario=first.scenario,
        app=first.app,
        rounds=len(rounds),
        cpu=spread([_cpu(each) * 1e6 for each in rounds]),
        cpu_ratio=ratio(cpu_ratios) if cpu_ratios else None,
        rate=median(each.count / each.seconds if each.seconds else 0 for each in rounds),
        client=median(each.client / each.seconds if each.seconds else 0 for each in rounds),
        p50=_microseconds(each.p50 for each in rounds),
        p99=_microseconds(each.p99 for each in rounds),
        memory=spread(memory) if memory else None,
        memory_ratio=ratio(memory_ratios) if memory_ratios else None,
    )


def _cpu(each: Round) -> float:
    return each.cpu / each.count


def _microseconds(seconds: Iterable[float | None]) -> float | None:
    known = [each * 1e6 for each in seconds if each is not None]
    return median(known) if known else None
