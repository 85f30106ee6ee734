"""Every declaration is proved: if it is flipped, the measured results contradict it."""

from dataclasses import replace
from pathlib import Path

import pytest

from anysocket import Capabilities, Support
from anysocket.capabilities import described
from anysocket_adapters import servers
from anysocket_matrix.case import Layer, cases
from anysocket_matrix.quirks import QUIRKS
from anysocket_matrix.results import files
from anysocket_matrix.results.results import Outcome, RowResult, Verdict, judge
from anysocket_matrix.results.supported import supported
from anysocket_matrix.rows.rows import Row, row, unseen_repairs

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "matrix"

CASES = {case.id: case for case in cases()}


class Measured:
    """The outcomes of a row, to be judged by other declarations."""

    def __init__(self, result: RowResult, row: Row) -> None:
        self._row = row
        self._outcomes = {
            (cell.case, layer): Outcome(cell.case, layer, failure)
            for cell in result.cells
            for layer, failure in zip(Layer, (cell.plain, cell.adapter, cell.normalised), strict=True)
            if layer in cell.layers
        }
        self._cases = [CASES[cell.case] for cell in result.cells if cell.case in CASES]
        self._about = {name: [case for case in self._cases if name in case.requires] for name in described()}

    def caught(self, capabilities: Capabilities, about: str | None = None) -> bool:
        """Tell if the run would fail with this declaration, by all cases or those about a capability."""
        plain = self._row.server.plain
        cells = judge(
            self._cases if about is None else self._about[about],
            capabilities,
            self._outcomes,
            plain=plain,
            known=self._row.known_failures,
        )
        unexpected = any(cell.verdict is Verdict.UNEXPECTED for cell in cells)
        return unexpected or bool(unseen_repairs(capabilities, plain=plain))


MEASURED = [each for each in files.read([RESULTS]).rows if each.row.split("+")[0] in servers()]
"""The rows whose adapters are installed; those of the examples may be missing."""


def declared_then(result: RowResult, row: Row) -> Capabilities:
    """Return the declaration for the measured version; where a release has a fix, the recorded support."""
    if result.version == row.server.version:
        return row.capabilities
    fixed = [quirk for quirk in QUIRKS if quirk.fixed_in is not None and quirk.affects(row.name)]
    about = {name for quirk in fixed for case in quirk.cases for name in CASES[case].requires}
    recorded = supported(result)
    return replace(row.capabilities, **{name: recorded[name] for name in about})


@pytest.mark.parametrize("result", MEASURED, ids=lambda result: str(result.row))
def test_a_flipped_capability_is_caught(result: RowResult) -> None:
    measured_on = row(result.row)
    measured, declared = Measured(result, measured_on), declared_then(result, measured_on)
    assert not measured.caught(declared)
    slipped = {
        (name, flipped)
        for name in described()
        for flipped in Support
        if flipped is not getattr(declared, name)
        and not measured.caught(replace(declared, **{name: flipped}), name)
    }
    assert not slipped
