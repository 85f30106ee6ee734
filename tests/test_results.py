"""The matrix's conclusions from its measurements."""

from pathlib import Path

import pytest

from anysocket import Capabilities, Support
from anysocket.capabilities import described
from anysocket_adapters import Server, servers
from anysocket_matrix.case import Case, Layer, case, cases
from anysocket_matrix.results.results import Failure, Outcome, Results, Verdict, judge
from anysocket_matrix.rows.rows import row
from tests import measured

CASE = Case("close.code", "C1", ("peer_close_code",), "", Path())
FREE = Case("close.plain", "C1", (), "", Path())

PASSED = None
FAILED = Failure(expected="close 4999", seen="close 1006")
TROUBLE = Failure(trouble="the server died")


def verdict(case: Case, declared: Support, plain: Failure | None, adapter: Failure | None) -> Verdict:
    outcomes = {
        (case.id, Layer.PLAIN): Outcome(case.id, Layer.PLAIN, plain),
        (case.id, Layer.ADAPTER): Outcome(case.id, Layer.ADAPTER, adapter),
        (case.id, Layer.NORMALISED): Outcome(case.id, Layer.NORMALISED, adapter),
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
    cells = judge([FREE], Capabilities(), outcomes)
    assert Results([measured.row("row", "1.0", *cells, trouble=trouble)]).as_declared is as_declared


@pytest.mark.parametrize(
    ("plain", "adapter", "expected"),
    [
        (FAILED, FAILED, Verdict.KNOWN),
        (PASSED, FAILED, Verdict.KNOWN),
        (PASSED, TROUBLE, Verdict.KNOWN),
        (PASSED, PASSED, Verdict.UNEXPECTED),
        (FAILED, PASSED, Verdict.UNEXPECTED),
    ],
)
def test_a_known_failure_must_fail(plain: Failure | None, adapter: Failure | None, expected: Verdict) -> None:
    found = {Layer.PLAIN: plain, Layer.ADAPTER: adapter, Layer.NORMALISED: adapter}
    outcomes = {(FREE.id, layer): Outcome(FREE.id, layer, failure) for layer, failure in found.items()}
    (cell,) = judge([FREE], Capabilities(), outcomes, known={FREE.id: "https://example.com/1"})
    assert cell.verdict is expected
    assert cell.known == "https://example.com/1"
    assert Results([measured.row("row", "1.0", cell)]).as_declared is (expected is Verdict.KNOWN)


def test_a_known_failure_that_matches_no_case_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = row("uvicorn")
    monkeypatch.setattr(type(chosen.server), "known_failures", {"close.nothing": "https://example.com/1"})
    with pytest.raises(ValueError, match=r"uvicorn: its known failure 'close\.nothing' isn't a case"):
        row("uvicorn")


def test_cases_cite_clauses_and_say_what_they_check() -> None:
    found = cases()
    assert len({each.id for each in found}) == len(found) >= 60
    for each in found:
        assert each.clause[0] in "HMCLN"
        assert each.clause[1:].isdigit()
        assert each.description.endswith(".")


def test_a_case_cannot_require_what_does_not_exist() -> None:
    with pytest.raises(ValueError, match="there is no capability 'wings'"):
        case("C1", requires="wings")


def test_a_case_fares_as_the_worst_of_what_it_requires() -> None:
    both = Case("close.both", "C1", ("peer_close_code", "close_code"), "", Path())
    repaired = Capabilities(peer_close_code=Support.REPAIRED)
    absent = Capabilities(peer_close_code=Support.REPAIRED, close_code=Support.ABSENT)
    found = [both.support(each) for each in (Capabilities(), repaired, absent)]
    assert found == [Support.NATIVE, Support.REPAIRED, Support.ABSENT]


def test_a_server_that_does_not_speak_asgi_has_no_plain_layer() -> None:
    outcomes = {(CASE.id, layer): Outcome(CASE.id, layer, PASSED) for layer in CASE.layers_of(plain=False)}
    assert Layer.PLAIN not in {layer for _, layer in outcomes}
    (cell,) = judge([CASE], Capabilities(), outcomes, plain=False)
    assert cell.verdict is Verdict.NATIVE
    (cell,) = judge([CASE], Capabilities(), outcomes)
    assert cell.verdict is Verdict.UNEXPECTED


@pytest.mark.parametrize("server", [each for each in servers().values() if not each.plain])
def test_without_a_plain_layer_nothing_is_repaired(server: Server) -> None:
    capabilities = server.transport.declared
    assert Support.REPAIRED not in {getattr(capabilities, name) for name in described()}


def test_a_normalised_application_must_fare_as_a_handler_does() -> None:
    outcomes = {(FREE.id, layer): Outcome(FREE.id, layer, PASSED) for layer in Layer}
    outcomes[FREE.id, Layer.NORMALISED] = Outcome(FREE.id, Layer.NORMALISED, FAILED)
    (cell,) = judge([FREE], Capabilities(), outcomes)
    assert cell.verdict is Verdict.UNEXPECTED


@pytest.mark.parametrize(
    ("found", "agree"),
    [(PASSED, {Support.NATIVE, Support.REPAIRED}), (FAILED, {Support.ABSENT}), (TROUBLE, set[Support]())],
)
def test_a_case_without_the_plain_layer(found: Failure | None, agree: set[Support]) -> None:
    only = Case("lifecycle.end", "L2", ("peer_close_code",), "", Path(), (Layer.ADAPTER,))
    outcomes = {(only.id, Layer.ADAPTER): Outcome(only.id, Layer.ADAPTER, found)}
    for declared in Support:
        (cell,) = judge([only], Capabilities(peer_close_code=declared), outcomes)
        assert (cell.verdict is not Verdict.UNEXPECTED) is (declared in agree)
