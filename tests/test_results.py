"""What the matrix concludes from what it measured."""

from pathlib import Path

import pytest

from anysocket import Capabilities, Support
from anysocket_matrix.conformance.case import Case, case, cases
from anysocket_matrix.results import Failure, Layer, Outcome, Results, RowResult, Verdict, judge

CASE = Case("close.code", "C1", "peer_close_code", "", Path())
FREE = Case("close.plain", "C1", None, "", Path())

PASSED = None
FAILED = Failure(expected="close 4999", seen="close 1006")
TROUBLE = Failure(trouble="the server died")


def verdict(case: Case, declared: Support, plain: Failure | None, adapter: Failure | None) -> Verdict:
    outcomes = {
        (case.id, Layer.PLAIN): Outcome(case.id, Layer.PLAIN, plain),
        (case.id, Layer.ADAPTER): Outcome(case.id, Layer.ADAPTER, adapter),
    }
    (cell,) = judge([case], Capabilities(peer_close_code=declared), outcomes)
    assert (cell.plain, cell.adapter) == (plain, adapter)
    return cell.verdict


@pytest.mark.parametrize(
    ("plain", "adapter", "proved"),
    [
        (PASSED, PASSED, Support.NATIVE),
        (FAILED, PASSED, Support.REPAIRED),
        (FAILED, FAILED, Support.ABSENT),
        (PASSED, FAILED, Support.ABSENT),
        (TROUBLE, PASSED, None),
        (FAILED, TROUBLE, None),
    ],
)
@pytest.mark.parametrize("declared", Support)
def test_a_declaration_is_proved_in_both_directions(
    declared: Support, plain: Failure | None, adapter: Failure | None, proved: Support | None
) -> None:
    expected = Verdict(declared.value) if declared is proved else Verdict.UNEXPECTED
    assert verdict(CASE, declared, plain, adapter) is expected


def test_a_case_that_requires_nothing_must_be_native() -> None:
    assert verdict(FREE, Support.ABSENT, PASSED, PASSED) is Verdict.NATIVE
    assert verdict(FREE, Support.ABSENT, FAILED, PASSED) is Verdict.UNEXPECTED


def test_a_case_that_did_not_run_is_unexpected() -> None:
    (cell,) = judge([CASE], Capabilities(), {})
    assert cell.verdict is Verdict.UNEXPECTED
    assert cell.adapter == Failure(trouble="it didn't run")


@pytest.mark.parametrize(
    ("found", "trouble", "as_declared"),
    [(PASSED, None, True), (FAILED, None, False), (PASSED, "it was killed", False)],
)
def test_a_run_is_as_declared_or_not(found: Failure | None, trouble: str | None, as_declared: bool) -> None:
    outcomes = {(FREE.id, layer): Outcome(FREE.id, layer, found) for layer in Layer}
    row = RowResult("row", "1.0", {}, 1.0, judge([FREE], Capabilities(), outcomes), trouble)
    assert Results("0", "3", "x", [row]).as_declared is as_declared


def test_cases_cite_clauses_and_say_what_they_check() -> None:
    found = cases()
    assert len({each.id for each in found}) == len(found) >= 60
    for each in found:
        assert each.clause[0] in "HMCL"
        assert each.clause[1:].isdigit()
        assert each.says.endswith(".")


def test_a_case_cannot_require_what_does_not_exist() -> None:
    with pytest.raises(ValueError, match="there is no capability 'wings'"):
        case("C1", requires="wings")
