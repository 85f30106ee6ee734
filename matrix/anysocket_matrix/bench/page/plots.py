"""The plots of the page: a bar for each app on each server, and its ratio to raw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from anysocket_matrix.bench.statistics import Ratio, Spread
from anysocket_matrix.bench.summary import Line, format_ratio

BARS = (150.0, 520.0)
"""The x where bars begin, and where the longest one ends, with its whisker."""

RATIOS = (640.0, 840.0)

_LINE = 20.0
_HEADING = 26.0
_MOST = 4.0
"""The largest ratio on the plot's scale; larger ones are drawn there."""


@dataclass(frozen=True, slots=True)
class Range:
    """A median, with the quartiles as whiskers."""

    x: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of one app on one server."""

    app: str
    colour: int
    """The app's number."""
    y: float
    value: Range
    says: str
    ratio: Range | None
    ratio_says: str
    differs: bool
    tick: float | None
    """The x of another app's figure, which has no bar of its own."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a server's bars."""

    server: str
    y: float


@dataclass(frozen=True, slots=True)
class Plot:
    """One scenario on all servers."""

    scenario: str
    label: str
    bars: Sequence[Bar]
    headings: Sequence[Heading]
    height: float
    one: float
    """The x of a ratio of 1."""


def plots(
    servers: Mapping[str, Sequence[Line]],
    apps: Sequence[str],
    ticks: Mapping[str, str] = MappingProxyType({}),
) -> list[Plot]:
    """Return a plot for each line that a server has.

    `ticks` names, for some apps, another app that is drawn as a tick on their bar.
    """
    kinds = dict.fromkeys((line.scenario, line.label) for lines in servers.values() for line in lines)
    return [
        _plot(scenario, label, servers, apps, ticks)
        for scenario, label in sorted(kinds, key=lambda kind: list(kinds).index(kind))
    ]


def _plot(
    scenario: str,
    label: str,
    servers: Mapping[str, Sequence[Line]],
    apps: Sequence[str],
    ticks: Mapping[str, str],
) -> Plot:
    figures = {
        server: line.figures
        for server, lines in servers.items()
        for line in lines
        if (line.scenario, line.label) == (scenario, label)
    }
    every = [each for of_server in figures.values() for each in of_server.values()]
    bars: list[Bar] = []
    headings: list[Heading] = []
    y = 0.0
    longest = max(spread.upper for spread, _ in every) or 1.0  # 0 where no connection has grown the server
    widest = min(_MOST, max([1.5, *(ratio.spread.upper for _, ratio in every if ratio is not None)]))
    for server, of_server in figures.items():
        headings.append(Heading(server, y + _HEADING - 8))
        y += _HEADING
        for app in apps:
            if app in of_server:
                tick = of_server.get(ticks.get(app, ""))
                at = None if tick is None else _place(tick[0].median, longest, BARS)
                bars.append(_bar(app, apps.index(app), y, *of_server[app], longest, widest, at))
                y += _LINE
    return Plot(scenario, label, bars, headings, y, _place(1, widest, RATIOS))


def _bar(
    app: str,
    colour: int,
    y: float,
    spread: Spread,
    ratio: Ratio | None,
    longest: float,
    widest: float,
    tick: float | None,
) -> Bar:
    return Bar(
        app,
        colour,
        y,
        _range(spread, longest, BARS),
        f"{spread.median:,.1f}",
        None if ratio is None else _range(ratio.spread, widest, RATIOS),
        format_ratio(ratio),
        ratio is not None and ratio.differs is True,
        tick,
    )


def _range(spread: Spread, longest: float, between: tuple[float, float]) -> Range:
    return Range(*(_place(each, longest, between) for each in (spread.median, spread.lower, spread.upper)))


def _place(value: float, longest: float, between: tuple[float, float]) -> float:
    start, end = between
    return round(start + (end - start) * min(max(value / longest, 0), 1), 1)
