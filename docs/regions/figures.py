"""The cost of each server, its event loops and its implementations, measured by `anysocket bench`."""

from collections.abc import Callable, Container, Sequence

from docs.drawing import FOLDER as PLOTS
from docs.drawing import drawn
from docs.runs import FRAMEWORKS, SERVERS, Figure, cheapest, loop_of, ours, runs, times
from docs.tables import table

from anysocket_matrix.bench.page import render

USES = {
    "many small messages": "echo-32",
    "large messages": "echo-64k",
    "several messages under way": "in-flight",
    "the server pushes": "push",
    "one message to many": "broadcast",
    "JSON": "json",
    "many short connections": "connect",
    "the memory of idle connections": "idle",
}
"""Common uses, each with the scenario that is most like it."""


def page() -> str | None:
    """Return the page in HTML, as `anysocket bench --html` writes it; None when there is no run."""
    return next((render(run.results) for run in runs(SERVERS[0])), None)


def uses() -> str:
    """List the cheapest rows for each use, and the ratio of the others to them."""
    rows: list[tuple[str, ...]] = []
    for use, scenario in USES.items():
        figures = ours(scenario)
        if figures:
            same, others = cheapest(figures)
            shown = "; ".join(f"`{each.row}` {_quartiles(each)}" for each in same)
            rows.append((use, f"`{scenario}`", figures[0].unit, shown, _range(others, same[0])))
        else:
            rows.append((use, f"`{scenario}`", "", "not measured", ""))
    return table(("use", "scenario", "", "cheapest, and all that don't differ from it", "others"), rows)


def row_costs() -> str:
    """List the cost of each row for each use."""

    def cell(row: str, figures: Sequence[Figure]) -> str:
        same, others = cheapest(figures)
        shown = {each.row: f"**{each.spread.median:,.1f}**" for each in same}
        shown |= {each.row: f"{each.spread.median:,.1f} {times(each, same[0])}" for each in others}
        return shown[row]

    return by_row(lambda figure, figures: cell(figure.row, figures))


def loops() -> str:
    """List the ratio of uvloop's cost to asyncio's."""
    base, other = SERVERS
    columns = [{(each.server, each.loop): each for each in ours(scenario)} for scenario in USES.values()]
    found = dict.fromkeys(key for column in columns for key in column)
    rows: list[tuple[str, ...]] = []
    for server in dict.fromkeys(server for server, _ in found):
        pairs = [(column.get((server, other)), column.get((server, base))) for column in columns]
        if any(one and beside for one, beside in pairs):
            cells = (times(one, beside) if one and beside else "-" for one, beside in pairs)
            rows.append((f"`{server}`", *cells))
    alone = [f"`{server}` ({loop})" for server, loop in found if not _both(server, found)]
    missing = f"\n\nMeasured on one event loop only: {', '.join(alone)}." if alone else ""
    return table((f"{other} / {base}", *headings()), rows) + missing


def _both(server: str, found: Container[tuple[str, str]]) -> bool:
    return all((server, loop) in found for loop in SERVERS)


def again() -> str:
    """List the ratio of two runs without any difference, for the rows that the run of frameworks also has."""
    columns = [{each.row: each for each in ours(scenario)} for scenario in USES.values()]
    beside = [{each.row: each for each in ours(scenario, FRAMEWORKS)} for scenario in USES.values()]
    twice = dict.fromkeys(
        row for column in beside for row in column if any(row in first for first in columns)
    )
    rows: list[tuple[str, ...]] = []
    for row in twice:
        pairs = [(second.get(row), first.get(row)) for second, first in zip(beside, columns, strict=True)]
        rows.append((f"`{row}`", *(times(one, other) if one and other else "-" for one, other in pairs)))
    return table(("row", *headings()), rows)


def implementations() -> str:
    """List the cheapest row of each server that has several, by event loop."""
    rows_of: dict[tuple[str, str], set[str]] = {}
    for scenario in USES.values():
        for each in ours(scenario):
            rows_of.setdefault(_family(each), set()).add(each.row)
    several = sorted(family for family, rows in rows_of.items() if len(rows) > 1)
    rows = [
        (use, *(_best([each for each in ours(scenario) if _family(each) == family]) for family in several))
        for use, scenario in USES.items()
    ]
    return table(("use", *(f"{name} on {loop}" for name, loop in several)), rows if several else ())


def _family(figure: Figure) -> tuple[str, str]:
    """Return the server's name, such as `granian` for `granian-rsgi`, and the event loop."""
    return figure.server.partition("-")[0], figure.loop


def _best(figures: Sequence[Figure]) -> str:
    if not figures:
        return "-"
    same, others = cheapest(figures)
    best = ", ".join(f"**{each.server}**" for each in same)
    return "; ".join([best, *(f"{each.server} {times(each, same[0])}" for each in others)])


def plots() -> str:
    """Show the plots."""
    shown = [f"![{each.title}]({PLOTS}/{each.file})" for each in drawn()]
    return "\n\n".join(shown) or "No plots: nothing is measured."


def by_row(cell: Callable[[Figure, Sequence[Figure]], str]) -> str:
    """Write a table with a line for each row, a server's event loops together, and a column for each use."""
    columns = [ours(scenario) for scenario in USES.values()]
    found = dict.fromkeys(each.row for figures in columns for each in figures)
    servers = list(dict.fromkeys(row.partition("+")[0] for row in found))
    rows: list[tuple[str, ...]] = []
    for row in sorted(found, key=lambda row: (servers.index(row.partition("+")[0]), loop_of(row))):
        cells = ([cell(each, figures) for each in figures if each.row == row] for figures in columns)
        rows.append((f"`{row}`", *(each[0] if each else "-" for each in cells)))
    return table(("row", *headings()), rows)


def headings() -> list[str]:
    """Return the scenarios of the uses, as column headings."""
    return [f"`{scenario}`" for scenario in USES.values()]


def _quartiles(figure: Figure) -> str:
    median, lower, upper = (
        f"{each:,.1f}" for each in (figure.spread.median, figure.spread.lower, figure.spread.upper)
    )
    return f"{median} ({lower}-{upper})"


def _range(others: Sequence[Figure], lowest: Figure) -> str:
    ends = [others[0], others[-1]] if len(others) > 1 else others
    return " to ".join(f"{times(each, lowest)} (`{each.row}`)" for each in ends) or "none"
