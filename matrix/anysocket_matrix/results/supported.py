"""What a row of results says of each capability: also of a server that isn't installed here."""

from collections.abc import Iterable

from anysocket import Support
from anysocket_matrix.results.results import Cell, RowResult

BEST_FIRST = tuple(Support)


def supported(row: RowResult) -> dict[str, Support]:
    """Give what is declared of each capability that the row's cases require.

    A case that requires several is declared as the worst of them: what holds for one of them is
    told by the case that fares best.
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
