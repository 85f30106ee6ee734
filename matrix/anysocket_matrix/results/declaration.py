"""The declarations that agree with the measured results: the changes to make to an adapter."""

from collections.abc import Mapping
from dataclasses import dataclass

from anysocket import Support
from anysocket_matrix.results.results import Cell, RowResult, Verdict, proved
from anysocket_matrix.results.supported import requiring, supported

_WORSE = (Support.ABSENT, Support.REPAIRED, Support.NATIVE)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The changes that make a row as declared."""

    capabilities: Mapping[str, Support]
    """The capabilities to declare differently."""
    passing: tuple[str, ...]
    """The cases of `known_failures` that pass."""
    left: tuple[str, ...]
    """The cases that no declaration agrees with: repair them, or name them as known failures."""


def agreeing(row: RowResult) -> dict[str, tuple[Support, ...]]:
    """Return the declarations that agree with all cases of each capability.

    A case of several capabilities is declared as the worst of them, so it counts only for a capability
    that has no case of its own. Known failures don't count.
    """
    found: dict[str, tuple[Support, ...]] = {}
    for name, cells in requiring(cell for cell in row.cells if cell.known is None).items():
        alone = [cell for cell in cells if cell.requires == (name,)] or cells
        proofs = [proved(cell.failures) for cell in alone]
        found[name] = tuple(support for support in Support if all(support in proof for proof in proofs))
    return found


def suggestion(row: RowResult) -> Suggestion:
    """Return the changes that make the declaration agree with the results."""
    wrong = [cell for cell in row.cells if cell.known is None and cell.verdict is Verdict.UNEXPECTED]
    declared = supported(row)
    concerned = requiring(wrong)
    changed = {
        name: supports[0]
        for name, supports in sorted(agreeing(row).items())
        if supports and name in concerned and declared[name] not in supports
    }
    declared |= changed
    return Suggestion(
        changed,
        tuple(cell.case for cell in row.cells if cell.known and cell.verdict is Verdict.UNEXPECTED),
        tuple(cell.case for cell in wrong if _worst(cell, declared) not in proved(cell.failures)),
    )


def _worst(cell: Cell, declared: Mapping[str, Support]) -> Support:
    found = {declared[name] for name in cell.requires}
    return next((each for each in _WORSE if each in found), Support.NATIVE)
