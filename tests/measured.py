"""Matrix results for tests."""

from anysocket import Support
from anysocket_matrix.results.results import Cell, Failure, RowResult, Verdict

NATIVE, REPAIRED, ABSENT = Support.NATIVE, Support.REPAIRED, Support.ABSENT
REASON = "peer_close_reason"
FAILURE = Failure("reason 'bye'", "reason ''")


def cell(case: str, support: Support = NATIVE, *requires: str, clause: str = "C1") -> Cell:
    """Make a cell that is as declared."""
    return Cell(
        case,
        clause,
        support,
        Verdict(support.value),
        requires,
        plain=None if support is NATIVE else FAILURE,
        adapter=FAILURE if support is ABSENT else None,
        normalised=FAILURE if support is ABSENT else None,
    )


def unexpected(case: str, declared: Support, *requires: str, plain: bool = True) -> Cell:
    """Make a cell that is not as declared: it passes over anysocket's layers."""
    return Cell(case, "C1", declared, Verdict.UNEXPECTED, requires, plain=None if plain else FAILURE)


def known(case: str, address: str, *requires: str) -> Cell:
    """Make a known failure."""
    return Cell(case, "C1", NATIVE, Verdict.KNOWN, requires, known=address, plain=FAILURE, adapter=FAILURE)


def row(
    name: str, version: str, *cells: Cell, python: str = "3.11.7", trouble: str | None = None
) -> RowResult:
    """Make the results of a row."""
    return RowResult(
        row=name,
        version=version,
        anysocket="0.1.0",
        python=python,
        platform="Linux x86_64",
        packages={"h11": "0.16"},
        seconds=1.0,
        trouble=trouble,
        cells=list(cells),
    )
