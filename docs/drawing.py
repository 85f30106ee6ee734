"""The plots of docs/choosing.md: a file for each scenario of the committed runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from docs.runs import SERVERS, Figure, runs

from anysocket_matrix.bench.apps import OURS, RAW
from anysocket_matrix.bench.page import image
from anysocket_matrix.bench.page.plots import plots
from anysocket_matrix.bench.scenarios import SCENARIOS
from anysocket_matrix.bench.summary import Line

FOLDER = "plots"
"""The folder of the plots, as a page links to it."""

_TICK = f"{RAW} on "
"""The name of the mark beside anysocket's bar, before the event loop: raw's figure."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plot."""

    file: str
    title: str
    svg: str


def drawn() -> list[Drawn]:
    """Draw the cost of an anysocket handler on each server, with raw's cost beside it."""
    measured = runs(*SERVERS)
    scenarios = dict.fromkeys(name for run in measured for name in run.results.units)
    found: list[Drawn] = []
    for scenario in scenarios:
        figures = [each for run in measured for each in run.figures(scenario)]
        if any(each.app == OURS for each in figures):
            found.append(_draw(scenario, figures))
    return found


def _draw(scenario: str, figures: list[Figure]) -> Drawn:
    apps = [RAW, *dict.fromkeys(each.loop for each in figures if each.app == OURS)]
    unit = figures[0].unit
    (plot,) = plots(_lines(scenario, figures), apps, {loop: _TICK + loop for loop in apps})
    title = f"{scenario}, {unit}: {_explained().get(scenario, 'through anysocket')}"
    legend = ["mark: raw", *(f"anysocket on {loop}" for loop in apps[1:])]
    return Drawn(f"{scenario}.svg", title, image(plot, title, legend))


def _lines(scenario: str, figures: list[Figure]) -> Mapping[str, list[Line]]:
    """Return a line for each server. An event loop takes the place of an app there."""
    found: dict[str, list[Line]] = {}
    for server in dict.fromkeys(each.server for each in figures if each.app == OURS):
        mine = {
            (each.loop if each.app == OURS else _TICK + each.loop): (each.spread, each.over_raw)
            for each in figures
            if each.server == server and each.app in (OURS, RAW)
        }
        found[server] = [Line(scenario, figures[0].unit, mine)]
    return found


def _explained() -> Mapping[str, str]:
    return {scenario.name: scenario.says for scenario in SCENARIOS}
