"""The changes of an upgrade: two results, side by side."""

from collections.abc import Sequence

import msgspec

from anysocket import Support
from anysocket_matrix.results.declaration import agreeing
from anysocket_matrix.results.results import Cell, Results, RowResult, newness
from anysocket_matrix.results.supported import requiring, supported


class CaseChange(msgspec.Struct, frozen=True):
    """A case with a different result; one side is None if the case is new or gone."""

    case: str
    clause: str
    before: Cell | None
    now: Cell | None


class DeclarationChange(msgspec.Struct, frozen=True):
    """A capability whose declaration would have to change."""

    capability: str
    declared: Support
    measured: tuple[Support, ...]
    """The declarations that agree with all cases of the capability now; empty if no declaration does."""


class Side(msgspec.Struct, frozen=True):
    """The environment of one side's measurement."""

    row: str
    version: str
    python: str
    packages: dict[str, str]
    trouble: str | None


class RowChange(msgspec.Struct, frozen=True):
    """One row before and now."""

    before: Side
    now: Side
    cases: list[CaseChange]
    declarations: list[DeclarationChange]

    @property
    def changed(self) -> bool:
        """Whether a case has a different result, or one side wasn't run to its end."""
        return bool(self.cases) or self.before.trouble != self.now.trouble


class Changes(msgspec.Struct, frozen=True):
    """The comparison of two results."""

    rows: list[RowChange]
    only_before: list[str]
    """The rows that only the first results have."""
    only_now: list[str]

    @property
    def changed(self) -> bool:
        """Whether a row of both results has changed."""
        return any(row.changed for row in self.rows)


def compare(before: Results, now: Results) -> Changes:
    """Compare each row with the row of the same name in earlier results.

    Of several versions, the same one is compared if it is there, otherwise the newest. One row on each
    side is compared whatever the names.

    Raises:
        ValueError: the results have no row in common.
    """
    if len(before.rows) == len(now.rows) == 1:
        return Changes([_row(before.rows[0], now.rows[0])], [], [])
    names_before, names_now = ({row.row: None for row in each.rows} for each in (before, now))
    changes = [_row(_counterpart(row, before.rows), row) for row in now.rows if row.row in names_before]
    if not changes:
        raise ValueError(f"no row is in both: {', '.join(names_before)} before, {', '.join(names_now)} now")
    return Changes(
        changes,
        [name for name in names_before if name not in names_now],
        [name for name in names_now if name not in names_before],
    )


def _counterpart(row: RowResult, others: Sequence[RowResult]) -> RowResult:
    def likeness(other: RowResult) -> tuple[object, ...]:
        same_version = other.version == row.version
        return same_version, newness(other.version), other.python == row.python

    return max((other for other in others if other.row == row.row), key=likeness)


def _row(before: RowResult, now: RowResult) -> RowChange:
    cells_before = {cell.case: cell for cell in before.cells}
    cells_now = {cell.case: cell for cell in now.cells}
    cases: list[CaseChange] = []
    for case in cells_before | cells_now:
        old, new = cells_before.get(case), cells_now.get(case)
        either = new or old
        if either is not None and (old is None or new is None or _faring(old) != _faring(new)):
            cases.append(CaseChange(case, either.clause, old, new))
    return RowChange(_side(before), _side(now), cases, _declarations(before, now, cases))


def _side(row: RowResult) -> Side:
    return Side(row.row, row.version, row.python, row.packages, row.trouble)


def _faring(cell: Cell) -> tuple[object, ...]:
    """Return the parts of a cell that count as a change; the wording of a failure doesn't."""
    return cell.verdict, {layer: failure is None for layer, failure in cell.failures.items()}


def _declarations(before: RowResult, now: RowResult, cases: Sequence[CaseChange]) -> list[DeclarationChange]:
    declared = supported(before)
    affected = requiring(change.now for change in cases if change.now is not None)
    return [
        DeclarationChange(name, declared[name], measured)
        for name, measured in agreeing(now).items()
        if name in affected and name in declared and declared[name] not in measured
    ]
