"""The declaration that the matrix suggests to the author of an adapter."""

from pathlib import Path

import pytest
from rich.console import Console

from anysocket import Capabilities, Support
from anysocket_matrix.case import APP_LAYERS, Case, Layer
from anysocket_matrix.reports.results import print_results
from anysocket_matrix.results.declaration import Suggestion, suggestion
from anysocket_matrix.results.results import Failure, Outcome, Results, RowResult, judge

CODE = Case("close.code", "C1", ("peer_close_code",), "", Path())
OTHER_CODE = Case("close.other_code", "C1", ("peer_close_code",), "", Path())
BUSY = Case("end.busy", "C6", ("end_while_suspended", "peer_close_code"), "", Path())
APP = Case("asgi.close.code", "N5", ("peer_close_code",), "", Path(), APP_LAYERS)
FREE = Case("close.plain", "C1", (), "", Path())

FAILED = Failure(expected="close 4999", seen="close 1006")

NATIVE: tuple[Layer, ...] = ()
REPAIRED = (Layer.PLAIN,)
ABSENT = tuple(Layer)


def row(
    failures: dict[Case, tuple[Layer, ...]],
    declared: Capabilities | None = None,
    known: dict[str, str] | None = None,
) -> RowResult:
    outcomes = {
        (case.id, layer): Outcome(case.id, layer, FAILED if layer in failed else None)
        for case, failed in failures.items()
        for layer in case.layers
    }
    cells = judge(failures, declared or Capabilities(), outcomes, known=known or {})
    return RowResult(
        row="one",
        version="1",
        anysocket="0",
        python="3",
        platform="x",
        packages={},
        seconds=1,
        cells=cells,
    )


def test_nothing_where_everything_is_as_declared() -> None:
    assert suggestion(row({CODE: NATIVE, FREE: NATIVE})) == Suggestion({}, (), ())


@pytest.mark.parametrize(
    ("failed", "support"),
    [(NATIVE, Support.NATIVE), (REPAIRED, Support.REPAIRED), (ABSENT, Support.ABSENT)],
)
@pytest.mark.parametrize("declared", Support)
def test_a_capability_is_declared_as_its_cases_go(
    failed: tuple[Layer, ...], support: Support, declared: Support
) -> None:
    found = suggestion(row({CODE: failed, OTHER_CODE: failed}, Capabilities(peer_close_code=declared)))
    expected = {} if declared is support else {"peer_close_code": support}
    assert found == Suggestion(expected, (), ())


def test_what_an_application_proves_agrees_with_a_handler() -> None:
    assert suggestion(row({APP: NATIVE, CODE: REPAIRED})).capabilities == {
        "peer_close_code": Support.REPAIRED
    }


def test_no_declaration_agrees_with_cases_that_differ() -> None:
    assert suggestion(row({CODE: NATIVE, OTHER_CODE: ABSENT})) == Suggestion({}, (), ("close.other_code",))


def test_no_declaration_agrees_with_a_case_that_requires_nothing() -> None:
    assert suggestion(row({FREE: ABSENT})) == Suggestion({}, (), ("close.plain",))


def test_a_case_of_several_capabilities_tells_of_the_one_without_a_case_of_its_own() -> None:
    found = suggestion(row({CODE: NATIVE, BUSY: REPAIRED}))
    assert found == Suggestion({"end_while_suspended": Support.REPAIRED}, (), ())


def test_a_case_of_several_capabilities_goes_as_the_worst() -> None:
    found = suggestion(row({CODE: ABSENT, BUSY: ABSENT}))
    assert found.left == ()
    assert found.capabilities["peer_close_code"] is Support.ABSENT


def test_a_known_failure_that_passes_is_taken_out() -> None:
    known = {"close.plain": "https://example.com/1"}
    assert suggestion(row({FREE: NATIVE}, known=known)) == Suggestion({}, ("close.plain",), ())
    assert suggestion(row({FREE: ABSENT}, known=known)) == Suggestion({}, (), ())


def test_it_is_printed_as_it_is_pasted() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        print_results(console, Results([row({CODE: ABSENT, FREE: ABSENT})]), [CODE, FREE])
    lines = captured.get().splitlines()
    assert "    peer_close_code=Support.ABSENT," in lines
    assert any(line.startswith("one: no declaration agrees") and "close.plain" in line for line in lines)


def test_a_known_failure_tells_nothing_of_its_capability() -> None:
    found = suggestion(row({CODE: ABSENT, OTHER_CODE: REPAIRED}, known={CODE.id: "https://example.com/1"}))
    assert found == Suggestion({"peer_close_code": Support.REPAIRED}, (), ())
