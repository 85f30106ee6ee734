"""The results of the matrix, and the form of its JSON files."""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType

import msgspec

from anysocket import Support
from anysocket.capabilities import Capabilities
from anysocket_matrix.case import APP_LAYERS, EVERY_LAYER, Case, Layer


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reason why a case failed over one layer."""

    expected: str | None = None
    seen: str | None = None
    trouble: str | None = None
    """The reason why the case couldn't be measured, such as a server that died."""
    log: str | None = None
    """The end of the server's output, if the server died, hangs, or was started by the case."""

    @property
    def says(self) -> str:
        """The reason, in one line."""
        return self.trouble or f"expected {self.expected}, saw {self.seen}"


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one case over one layer, as the plugin records it."""

    case: str
    layer: Layer
    failure: Failure | None = None
    seconds: float = 0.0
    given_up: Failure | None = None
    """The reason why no more cases are tried, after a server has been given up."""


class Verdict(Enum):
    """The verdict of a cell of the matrix."""

    NATIVE = "native"
    REPAIRED = "repaired"
    ABSENT = "absent"
    KNOWN = "known"
    """The case fails, no capability covers it, and the server's `known_failures` name the thread about it."""
    UNEXPECTED = "unexpected"


WORST_LAST = tuple(Verdict)


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """One case on one row."""

    case: str
    clause: str
    declared: Support
    verdict: Verdict
    requires: tuple[str, ...] = ()
    known: str | None = None
    """The address of the thread about a known failure."""
    layers: tuple[Layer, ...] = EVERY_LAYER
    plain: Failure | None = None
    """None if the case passed over the plain transport or doesn't run there; so for the other layers."""
    adapter: Failure | None = None
    normalised: Failure | None = None

    @property
    def failures(self) -> dict[Layer, Failure | None]:
        """The result over each layer that the case ran over."""
        every = zip(Layer, (self.plain, self.adapter, self.normalised), strict=True)
        return {layer: failure for layer, failure in every if layer in self.layers}


class Slow(msgspec.Struct, frozen=True):
    """One of the slowest cases."""

    case: str
    layer: Layer
    seconds: float


class RowResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The results of one row."""

    row: str
    version: str
    anysocket: str
    python: str
    platform: str
    packages: dict[str, str]
    """The versions of other packages that its behaviour depends on."""
    seconds: float
    slowest: list[Slow] = []
    trouble: str | None = None
    """The reason why cells are missing, or other trouble: for each pytest concerned, the end of its log."""
    cells: list[Cell]


class Results(msgspec.Struct, frozen=True):
    """The results of one run of the matrix, or of several merged ones."""

    rows: list[RowResult]

    @property
    def as_declared(self) -> bool:
        """Whether every cell is as the adapter declares."""
        return all(
            row.trouble is None and all(cell.verdict is not Verdict.UNEXPECTED for cell in row.cells)
            for row in self.rows
        )


def order(row: str, version: str) -> tuple[object, ...]:
    """Return the sort key of results: variants after their server, older versions first."""
    return row.split("+"), newness(version)


def newness(version: str) -> list[str | int]:
    """Return the sort key of versions: 2.8.10 is newer than 2.8.9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", version)]


def judge(
    cases: Iterable[Case],
    capabilities: Capabilities,
    outcomes: Mapping[tuple[str, Layer], Outcome],
    *,
    plain: bool = True,
    known: Mapping[str, str] = MappingProxyType({}),
) -> list[Cell]:
    """Compare the measured outcomes with the declarations.

    Args:
        cases: the cases that were run.
        capabilities: the adapter's declaration.
        outcomes: the outcomes, by case and layer.
        plain: whether the server has the plain transport.
        known: the server's known failures: a link for each case.
    """
    cells: list[Cell] = []
    for case in cases:
        layers = case.layers_of(plain=plain)
        failures = {
            layer: outcomes.get((case.id, layer), _didnt_run(case, layer)).failure for layer in layers
        }
        declared, agreed = case.support(capabilities), proved(failures)
        shown = agreed[0] if agreed and tuple(failures) == APP_LAYERS else declared
        verdict = Verdict(shown.value) if declared in agreed else Verdict.UNEXPECTED
        if case.id in known:
            verdict = Verdict.KNOWN if failed(failures) else Verdict.UNEXPECTED
        if verdict is not Verdict.UNEXPECTED:  # a log is different each time
            failures = {layer: _without_log(failure) for layer, failure in failures.items()}
        cells.append(
            Cell(
                case=case.id,
                clause=case.clause,
                declared=declared,
                verdict=verdict,
                requires=case.requires,
                known=known.get(case.id),
                layers=layers,
                plain=failures.get(Layer.PLAIN),
                adapter=failures.get(Layer.ADAPTER),
                normalised=failures.get(Layer.NORMALISED),
            )
        )
    return cells


def _without_log(failure: Failure | None) -> Failure | None:
    return None if failure is None else msgspec.structs.replace(failure, log=None)


def proved(failures: Mapping[Layer, Failure | None]) -> tuple[Support, ...]:
    """Return the declarations that agree with a case's results.

    No declaration does if the case couldn't be measured, or if a normalised application and a handler
    have different results. Without the plain transport, native and repaired can't be distinguished.
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


def failed(failures: Mapping[Layer, Failure | None]) -> bool:
    """Return whether a case failed over one of anysocket's layers, not only on the server alone."""
    return any(failure is not None for layer, failure in failures.items() if layer is not Layer.PLAIN)


def _proved_of_an_app(plain: Failure | None, normalised: Failure | None) -> tuple[Support, ...]:
    """Return the same for a case about ASGI applications, whose plain result is only informative."""
    if normalised is not None:
        return () if normalised.trouble else (Support.ABSENT,)
    return (Support.NATIVE, Support.REPAIRED) if plain is None else (Support.REPAIRED, Support.NATIVE)


def _didnt_run(case: Case, layer: Layer) -> Outcome:
    return Outcome(case.id, layer, Failure(trouble="it didn't run"))
