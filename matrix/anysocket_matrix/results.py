"""What the matrix measures, and what follows from it; also the form of its JSON files."""

from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

from anysocket import Support
from anysocket.capabilities import Capabilities
from anysocket_matrix.conformance.case import APP_LAYERS, EVERY_LAYER, Case, Layer


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
    requires: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = EVERY_LAYER
    plain: Failure | None = None
    """None when it passed over the plain transport, or doesn't run there; so for the other layers."""
    adapter: Failure | None = None
    normalised: Failure | None = None


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
    cases: Iterable[Case],
    capabilities: Capabilities,
    outcomes: Mapping[tuple[str, Layer], Outcome],
    *,
    plain: bool = True,
) -> list[Cell]:
    """Compare what was measured with what is declared, on a server with the plain transport or without."""
    cells: list[Cell] = []
    for case in cases:
        layers = case.over(plain=plain)
        failures = {
            layer: outcomes.get((case.id, layer), _didnt_run(case, layer)).failure for layer in layers
        }
        declared, agreed = case.support(capabilities), proved(failures)
        shown = agreed[0] if agreed and tuple(failures) == APP_LAYERS else declared
        verdict = Verdict(shown.value) if declared in agreed else Verdict.UNEXPECTED
        cells.append(
            Cell(
                case=case.id,
                clause=case.clause,
                declared=declared,
                verdict=verdict,
                requires=case.requires,
                layers=layers,
                plain=failures.get(Layer.PLAIN),
                adapter=failures.get(Layer.ADAPTER),
                normalised=failures.get(Layer.NORMALISED),
            )
        )
    return cells


def proved(failures: Mapping[Layer, Failure | None]) -> tuple[Support, ...]:
    """Tell which declarations agree with what was measured.

    None does when there was trouble, or when a normalised application fares otherwise than a
    handler does. Without the plain transport native and repaired look alike.
    """
    if Layer.ADAPTER not in failures:
        return _proved_of_an_app(failures.get(Layer.PLAIN), failures[Layer.NORMALISED])
    if any(failure is not None and failure.trouble for failure in failures.values()):
        return ()
    passed = {layer: failure is None for layer, failure in failures.items()}
    if passed.get(Layer.NORMALISED, passed[Layer.ADAPTER]) is not passed[Layer.ADAPTER]:
        return ()
    if not passed[Layer.ADAPTER]:
        return (Support.ABSENT,)
    if Layer.PLAIN not in passed:
        return (Support.NATIVE, Support.REPAIRED)
    return (Support.NATIVE,) if passed[Layer.PLAIN] else (Support.REPAIRED,)


def _proved_of_an_app(plain: Failure | None, normalised: Failure | None) -> tuple[Support, ...]:
    """Tell it of an application of another framework: how it fares on the server alone only informs."""
    if normalised is not None:
        return () if normalised.trouble else (Support.ABSENT,)
    return (Support.NATIVE, Support.REPAIRED) if plain is None else (Support.REPAIRED, Support.NATIVE)


def _didnt_run(case: Case, layer: Layer) -> Outcome:
    return Outcome(case.id, layer, Failure(trouble="it didn't run"))
