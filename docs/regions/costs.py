"""The tables of cost.md, from the committed results."""

from collections.abc import Iterator

import msgspec
from docs.folders import RESULTS
from docs.runs import SERVERS, runs
from docs.tables import table

from anysocket_adapters.options import Loop
from anysocket_matrix.bench.apps import FRAMEWORKS
from anysocket_matrix.bench.summary import format_ratio
from anysocket_matrix.cost import Cost, Costs
from anysocket_matrix.cost.whole import WHAT, WholeCosts, rows
from anysocket_matrix.cost.workload import SUSPENDING


def costs() -> str:
    """List the instructions of a message and of a connection."""
    rows: list[tuple[str, ...]] = []
    for file in sorted(RESULTS.glob("cost-*.json")):
        measured = msgspec.json.decode(file.read_bytes(), type=Costs)
        for cost in measured.costs:
            rows.append((measured.python, cost.app, *_figures(measured, cost)))
    return table(("Python", "app", "message", "over raw", "connection", "over raw"), rows)


def peers() -> str:
    """List the instructions of other frameworks, the cheapest message first."""
    file = RESULTS / "peers-3.13.json"
    measured = msgspec.json.decode(file.read_bytes(), type=Costs)
    shown = [cost for cost in measured.costs if cost.app in (*SUSPENDING, *FRAMEWORKS)]
    rows = [(cost.app, *_figures(measured, cost)) for cost in sorted(shown, key=lambda cost: cost.message)]
    return table(("app", "message", "over raw", "connection", "over raw"), rows)


def _figures(measured: Costs, cost: Cost) -> Iterator[str]:
    over = measured.over_raw(cost)
    for figure in (cost.message, over.message, cost.connection, over.connection):
        yield f"{figure:,}"


def _wholes() -> Iterator[WholeCosts]:
    for file in sorted(RESULTS.glob("whole-*.json")):
        yield msgspec.json.decode(file.read_bytes(), type=WholeCosts)


def held() -> str:
    """List the lines that allocate the memory of an idle connection."""
    held = (each for measured in _wholes() for each in measured.held)
    rows = [(f"{each.size:,}", f"`{each.where}`", f"`{each.line}`") for each in held]
    return table(("bytes", "module", "line"), rows)


def over_rsgi() -> str:
    """List the cost of a connection over granian's RSGI, in ratio to granian's raw ASGI, by app."""
    found = [
        each for run in runs(SERVERS[0]) for each in run.figures("connect") if each.row == "granian-rsgi"
    ]
    rows = [(each.app, f"{each.spread.median:,.1f}", format_ratio(each.over_raw) or "1") for each in found]
    return table(("app", "µs", "of raw ASGI"), rows)


def whole(loop: Loop) -> str:
    """List the instructions and the memory of whole servers on an event loop."""
    measured = next(_wholes())
    return table(("", *WHAT), rows(measured, loop))
