"""What the matrix measures, and what follows from it; also the form of its JSON files."""

from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

from anysocket import Support
from anysocket.capabilities import Capabilities
from anysocket_matrix.conformance.case import Case


class Layer(Enum):
    """What a case runs over."""

    PLAIN = "plain"
    """The ASGI specification's transport, believing the server."""
    ADAPTER = "adapter"
    """The server's own adapter."""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one case went over one layer."""

    case: str
    layer: Layer
    passed: bool
    seconds: float
    expected: str | None = None
    seen: str | None = None
    trouble: str | None = None
    """What kept the case from being measured, such as a server that died."""


class Verdict(Enum):
    """What a cell of the matrix says."""

    NATIVE = "native"
    REPAIRED = "repaired"
    ABSENT = "absent"
    UNEXPECTED = "unexpected"


class Cell(msgspec.Struct, frozen=True):
    """One case on one row."""

    case: str
    clause: str
    requires: str | None
    declared: Support
    verdict: Verdict
    plain: Outcome | None
    adapter: Outcome | None


class RowResult(msgspec.Struct, frozen=True):
    """One server."""

    row: str
    version: str
    packages: dict[str, str]
    """The versions of what else decides how it behaves."""
    seconds: float
    cells: list[Cell]
    trouble: str | None = None
    """Why cells are missing: the end of the log of a run that didn't finish."""


class Results(msgspec.Struct, frozen=True):
    """One run of the matrix."""

    anysocket: str
    python: str
    platform: str
    rows: list[RowResult]

    @property
    def as_declared(self) -> bool:
        """Whether every cell says what its adapter declares."""
        return all(
            row.trouble is None and all(cell.verdict is not Verdict.UNEXPECTED for cell in row.cells)
            for row in self.rows
        )


def judge(
    cases: Iterable[Case], capabilities: Capabilities, outcomes: Mapping[tuple[str, Layer], Outcome]
) -> list[Cell]:
    """Compare what was measured with what is declared."""
    cells: list[Cell] = []
    for case in cases:
        plain = outcomes.get((case.id, Layer.PLAIN))
        adapter = outcomes.get((case.id, Layer.ADAPTER))
        declared = case.support(capabilities)
        measured = measure(plain, adapter)
        verdict = Verdict(declared.value) if measured is declared else Verdict.UNEXPECTED
        cells.append(Cell(case.id, case.clause, case.requires, declared, verdict, plain, adapter))
    return cells


def measure(plain: Outcome | None, adapter: Outcome | None) -> Support | None:
    """Tell what two outcomes prove; None when trouble kept them from proving anything."""
    if plain is None or adapter is None or plain.trouble or adapter.trouble:
        return None
    if not adapter.passed:
        return Support.ABSENT
    return Support.NATIVE if plain.passed else Support.REPAIRED
