"""Costs with few and with many connections, from two runs of `anysocket bench`: they shouldn't grow."""

from docs.regions.measured import missing
from docs.runs import MANY, SERVERS, Figure, Run, runs, times
from docs.tables import table

from anysocket_matrix.bench.scenarios import SCENARIOS


def many() -> str:
    """List the cost of a message, a delivery and a connection, with few connections and with many."""
    fewer, more = runs(SERVERS[0]), runs(MANY)
    if not fewer or not more:
        return missing(MANY if fewer else SERVERS[0])
    (few,), (many,) = fewer, more
    rows: list[tuple[str, ...]] = []
    for scenario in SCENARIOS:
        before = {(each.row, each.app): each for each in few.figures(scenario.name)}
        for figure in many.figures(scenario.name):
            beside = before.get((figure.row, figure.app))
            if beside is not None:
                names = f"`{figure.row}`", figure.app, f"`{scenario.name}`", figure.unit
                cells = (_cell(each, run, scenario.name) for each, run in ((beside, few), (figure, many)))
                rows.append((*names, *cells, times(figure, beside)))
    return table(("row", "app", "scenario", "", "with fewer", "with more", "more / fewer"), rows)


def _cell(figure: Figure, run: Run, scenario: str) -> str:
    return f"{figure.spread.median:,.1f} with {run.results.connections[scenario]:,}"
