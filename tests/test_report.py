"""The output of the matrix."""

from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from anysocket import Capabilities, Support
from anysocket_matrix.case import Case, Layer
from anysocket_matrix.reports.results import print_results
from anysocket_matrix.results.results import Failure, Outcome, Results, RowResult, Slow, judge
from tests import measured

CASE = Case("close.code", "C1", ("peer_close_code",), "", Path())
NUMBERED = "n native, r repaired, a absent, k known, ! unexpected"


def row(name: str, failure: Failure | None = None) -> RowResult:
    outcomes = {(CASE.id, layer): Outcome(CASE.id, layer, failure) for layer in Layer}
    declared = Capabilities(peer_close_code=Support.NATIVE)
    result = measured.row(name, "1.0", *judge([CASE], declared, outcomes))
    return msgspec.structs.replace(result, slowest=[Slow(CASE.id, Layer.PLAIN, 1.25)])


def printed(rows: list[RowResult], width: int) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        print_results(console, Results(rows), [CASE])
    return captured.get()


def test_a_table_that_fits_names_the_rows() -> None:
    lines = printed([row("one"), row("two")], 80).splitlines()
    assert any(line.split() == ["one", "two"] for line in lines)
    assert any(line.split() == ["C1", "close.code", "native", "native"] for line in lines)
    assert lines[-1] == "Everything is as declared."


@pytest.mark.parametrize(("rows", "width"), [(20, 80), (8, 60)])
def test_a_table_that_does_not_fit_numbers_them(rows: int, width: int) -> None:
    text = printed([row(f"row-{number}") for number in range(rows)], width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.split() == ["C1", "close.code", *["n"] * rows] for line in lines)
    assert NUMBERED in " ".join(text.split())
    assert f"{rows:>2} row-{rows - 1} 1.0: 1 native in 1 s" in lines


def test_what_is_unexpected_is_explained() -> None:
    text = printed([row("one", Failure(expected="close 4999", seen="close 1006"))], 80)
    assert "one: close.code (C1) is declared native" in text
    assert "adapter: expected close 4999, saw close 1006" in text
    assert text.endswith("Not everything is as declared.\n")
