"""Which declaration agrees with what was measured: what the author of an adapter changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from anysocket import Support
from anysocket_matrix.conformance.case import Layer
from anysocket_matrix.results import Cell, RowResult, Verdict, proved

_WORSE = (Support.ABSENT, Support.REPAIRED, Support.NATIVE)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to change about a row, so that everything is as declared."""

    capabilities: Mapping[str, Support]
    """Those to declare otherwise."""
    mended: tuple[str, ...]
    """The cases of `known_failures` that pass."""
    left: tuple[str, ...]
    """The cases with which no declaration agrees: what fails is repaired, or a known failure."""


def suggestion(row: RowResult) -> Suggestion:
    """Tell how to declare what was measured.

    A case of several capabilities goes as the worst of them is declared, so it only tells of one
    that has no case of its own.
    """
    judged = [cell for cell in row.cells if cell.known is None]
    alone = [cell for cell in judged if len(cell.requires) == 1]
    declared = {cell.requires[0]: cell.declared for cell in alone}
    agreed: dict[str, list[Support]] = {}
    for cell in [*alone, *judged]:
        for name in cell.requires:
            if name not in declared or len(cell.requires) == 1:
                agreed[name] = [each for each in _proved(cell) if each in agreed.get(name, Support)]
    wrong = [cell for cell in judged if cell.verdict is Verdict.UNEXPECTED]
    changed = {
        name: supports[0]
        for name, supports in sorted(agreed.items())
        if supports and any(name in cell.requires for cell in wrong)
        if declared.get(name) not in supports
    }
    declared |= changed
    return Suggestion(
        changed,
        tuple(cell.case for cell in row.cells if cell.known and cell.verdict is Verdict.UNEXPECTED),
        tuple(cell.case for cell in wrong if _worst(cell, declared) not in _proved(cell)),
    )


def _proved(cell: Cell) -> tuple[Support, ...]:
    failures = zip(Layer, (cell.plain, cell.adapter, cell.normalised), strict=True)
    return proved({layer: failure for layer, failure in failures if layer in cell.layers})


def _worst(cell: Cell, declared: Mapping[str, Support]) -> Support:
    found = {declared.get(name, Support.NATIVE) for name in cell.requires}
    return next((each for each in _WORSE if each in found), Support.NATIVE)
