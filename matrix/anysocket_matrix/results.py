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


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a case didn't pass over one layer."""

    expected: str | None = None
    seen: str | None = None
    trouble: str | None = None
    """What kept the case from being measured, such as a server that died."""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one case went over one layer, as the plugin writes it down."""

    case: str
    layer: Layer
    failure: Failure | None = None


class Verdict(Enum):
    """What a cell of the matrix says."""

    NATIVE = "native"
    REPAIRED = "repaired"
    ABSENT = "absent"
    UNEXPECTED = "unexpected"


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """One case on one row."""

    case: str
    clause: str
    declared: Support
    verdict: Verdict
    requires: str | None = None
    plain: Failure | None = None
    """None when it passed over the plain transport."""
    adapter: Failure | None = None
    """None when it passed through the adapter."""


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
        plain = outcomes.get((case.id, Layer.PLAIN), _didnt_run(case, Layer.PLAIN)).failure
        adapter = outcomes.get((case.id, Layer.ADAPTER), _didnt_run(case, Layer.ADAPTER)).failure
        declared = case.support(capabilities)
        measured = measure(plain, adapter)
        verdict = Verdict(declared.value) if measured is declared else Verdict.UNEXPECTED
        cells.append(Cell(case.id, case.clause, declared, verdict, case.requires, plain, adapter))
    return cells


def measure(plain: Failure | None, adapter: Failure | None) -> Support | None:
    """Tell what both layers prove; None when trouble kept them from proving anything."""
    if (plain is not None and plain.trouble) or (adapter is not None and adapter.trouble):
        return None
    if adapter is not None:
        return Support.ABSENT
    return Support.NATIVE if plain is None else Support.REPAIRED


def _didnt_run(case: Case, layer: Layer) -> Outcome:
    return Outcome(case.id, layer, Failure(trouble="it didn't run"))
