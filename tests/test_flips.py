"""Whatever is declared is proved: each capability of each row, flipped, is caught by what was measured."""

from dataclasses import replace
from pathlib import Path

import pytest

from anysocket import Capabilities, Support
from anysocket.capabilities import described
from anysocket_matrix import files
from anysocket_matrix.conformance.case import Layer, cases
from anysocket_matrix.results import Outcome, RowResult, Verdict, judge
from anysocket_matrix.rows import Row, row, unseen_repairs

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "matrix"

CASES = {case.id: case for case in cases()}

TOGETHER = {
    ("hypercorn", "end_behind_unread", Support.NATIVE),
    ("granian-rsgi", "end_behind_unread", Support.ABSENT),
    ("granian-rsgi", "end_while_suspended", Support.ABSENT),
    ("granian-rsgi", "oversized_message_code", Support.ABSENT),
}
"""Flips that nothing shows, by server: each case of theirs also needs the peer's close code or our own,
which is itself repaired or absent there."""

SENDS_WITHOUT_END = "end_while_suspended"
"""Its case doesn't run over the plain transport, where some servers would never be done with it: whether it
is native or repaired isn't shown."""


def caught(result: RowResult, row: Row, capabilities: Capabilities, about: str | None = None) -> bool:
    """Judge what was measured again, of the cases about one capability: tell whether the run would fail."""
    outcomes = {
        (cell.case, layer): Outcome(cell.case, layer, failure)
        for cell in result.cells
        for layer, failure in zip(Layer, (cell.plain, cell.adapter, cell.normalised), strict=True)
        if layer in cell.layers
    }
    measured = [CASES[cell.case] for cell in result.cells if cell.case in CASES]
    cells = judge(
        [case for case in measured if about is None or about in case.requires],
        capabilities,
        outcomes,
        plain=row.server.plain,
        known=row.known_failures,
    )
    unseen = unseen_repairs(capabilities, plain=row.server.plain)
    return bool(unseen) or any(cell.verdict is Verdict.UNEXPECTED for cell in cells)


@pytest.mark.parametrize("result", files.read([RESULTS]).rows, ids=lambda result: str(result.row))
def test_a_flipped_capability_is_caught(result: RowResult) -> None:
    declared = row(result.row)
    assert not caught(result, declared, declared.capabilities)
    slipped = {
        (declared.server.name, name, flipped)
        for name in described()
        for flipped in Support
        if flipped is not getattr(declared.capabilities, name)
        and (name != SENDS_WITHOUT_END or Support.ABSENT in (flipped, getattr(declared.capabilities, name)))
        and not caught(result, declared, replace(declared.capabilities, **{name: flipped}), name)
    }
    assert slipped == {each for each in TOGETHER if each[0] == declared.server.name}
