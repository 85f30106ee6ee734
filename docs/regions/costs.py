"""What a message costs, from the committed results."""

import msgspec
from docs.folders import RESULTS
from docs.tables import table

from anysocket_matrix.cost import Costs
from anysocket_matrix.cost.whole import WholeCosts


def costs() -> str:
    """Tell what a message costs, from the committed results."""
    rows: list[tuple[str, ...]] = []
    for file in sorted(RESULTS.glob("cost-*.json")):
        measured = msgspec.json.decode(file.read_bytes(), type=Costs)
        for cost in measured.costs:
            over = measured.over_raw(cost)
            figures = (cost.message, over.message, cost.connection, over.connection)
            rows.append((measured.python, cost.app, *(f"{figure:,}" for figure in figures)))
    return table(("Python", "app", "message", "over raw", "connection", "over raw"), rows)


def whole() -> str:
    """Tell what a whole server costs, from the committed results."""
    rows: list[tuple[str, ...]] = []
    for file in sorted(RESULTS.glob("whole-*.json")):
        measured = msgspec.json.decode(file.read_bytes(), type=WholeCosts)
        for cost in measured.costs:
            figures = (cost.raw, cost.anysocket, cost.anysocket - cost.raw)
            row = (*(f"{figure:,}" for figure in figures), f"{cost.ratio:.3f}")
            rows.append((measured.python, cost.what, *row))
    return table(("Python", "what", "raw", "anysocket", "over raw", "ratio"), rows)
