"""The declared support for each capability, from a row of results: the server needn't be installed."""

from collections.abc import Iterable

from anysocket import Support
from anysocket_matrix.results.results import Cell, RowResult

BEST_FIRST = tuple(Support)


def supported(row: RowResult) -> dict[str, Support]:
    """Return the declared support for each capability that the row's cases require.

    A case that requires several capabilities is declared as the worst of them. So the best declaration
    among a capability's cases is its own.
    """
    return {
        name: min((cell.declared for cell in cells), key=BEST_FIRST.index)
        for name, cells in requiring(row.cells).items()
    }


def requiring(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Group cells by the capabilities that they require."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        for name in cell.requires:
            found.setdefault(name, []).append(cell)
    return found
