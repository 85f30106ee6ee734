"""The quirks, each with its verdict in the committed results."""

from collections.abc import Sequence

from docs.folders import CONTRACT
from docs.regions import compatibility
from docs.tables import table

from anysocket_adapters import servers
from anysocket_matrix.quirks import QUIRKS, SEEN, Quirk
from anysocket_matrix.reports.page.clauses import clauses
from anysocket_matrix.results.results import WORST_LAST, RowResult


def quirks() -> str:
    """List the quirks, each with its repair and its verdict in the committed results."""
    direct = compatibility.direct()
    links = _clause_links()
    rows: list[tuple[str, ...]] = []
    for quirk in QUIRKS:
        affected = [row for row in direct if quirk.affects(row.row)]
        cells = [cell for row in affected for cell in row.cells if cell.case in quirk.cases]
        rows.append(
            (
                str(quirk.number),
                _rows_and_version(quirk, affected),
                quirk.does,
                ", ".join(links[clause] for clause in quirk.clauses),
                ", ".join(f"`{case}`" for case in quirk.cases),
                _repair(quirk),
                compatibility.of_cell(
                    max(cells, key=lambda cell: WORST_LAST.index(cell.verdict), default=None)
                ),
                ", ".join(f"[{text}]({address})" for text, address in quirk.links().items()),
            )
        )
    head = ("", "on", "what the server does", "clause", "cases", "repaired", "now", "upstream")
    return table(head, rows)


def _repair(quirk: Quirk) -> str:
    absent = [f"absent: `{capability}`." for capability in quirk.absent]
    return " ".join([*(f"{where.value}: {says}" for where, says in quirk.repair.items()), *absent])


def _rows_and_version(quirk: Quirk, affected: Sequence[RowResult]) -> str:
    """List the rows, with the version that mended the quirk, or the one in which a case has shown it."""
    shown = {
        servers()[row.row.partition("+")[0]].distribution: row.version
        for row in affected
        if any(cell.case in quirk.cases and (cell.plain or cell.adapter) for cell in row.cells)
    }
    by_distribution: dict[str, list[str]] = {}
    for row in quirk.rows:
        by_distribution.setdefault(servers()[row.partition("+")[0]].distribution, []).append(row)
    fixed_in = quirk.fixed_in and f"before {quirk.fixed_in}"
    return "; ".join(
        f"{', '.join(rows)} {fixed_in or shown.get(distribution, SEEN[distribution])}"
        for distribution, rows in by_distribution.items()
    )


def _clause_links() -> dict[str, str]:
    """Link each clause to its heading in the contract."""
    return {name: f"[{name}]({clause.address})" for name, clause in clauses(CONTRACT).items()}
