"""Autobahn's verdicts: the comparison with the committed ones, and their files."""

from pathlib import Path

import msgspec
import pytest

from anysocket_adapters import servers
from anysocket_matrix.autobahn.native import NATIVE, failures
from anysocket_matrix.autobahn.verdicts import (
    FOLDER,
    Case,
    Committed,
    Outcome,
    Pair,
    RowResult,
    Verdict,
    accept,
    compare,
    file_of,
    load,
)
from anysocket_matrix.rows.rows import Row

ROW = Row(servers()["uvicorn"])
COMMITTED = {
    committed.row: committed
    for committed in (
        msgspec.json.decode(file.read_bytes(), type=Committed)
        for file in (Path(__file__).parents[1] / FOLDER).glob("*.json")
    )
}


def measured(bare: str, ours: str) -> RowResult:
    case = Case(
        *(
            [Outcome(Verdict(each), "says why") for each in verdicts.split(" or ")]
            for verdicts in (bare, ours)
        )
    )
    return RowResult("uvicorn", "1.0", "3.13.0", {}, 1.0, {"9.1.1": case})


def problems(pair: Pair, bare: str, ours: str) -> list[str]:
    committed = Committed("uvicorn", "1.0", "3.13.0", {}, {"9.1.1": pair})
    return list(compare(committed, measured(bare, ours)))


@pytest.mark.parametrize(
    ("pair", "bare", "ours"),
    [
        (Pair("OK", "OK"), "OK", "OK"),
        (Pair("FAILED", "FAILED"), "FAILED", "FAILED"),
        (Pair("FAILED", "OK"), "FAILED", "OK"),
        (Pair("OK or NON-STRICT", "OK or NON-STRICT"), "OK", "NON-STRICT"),
        (Pair("NON-STRICT", "NON-STRICT"), "OK", "NON-STRICT"),
        (Pair("OK", "NON-STRICT"), "OK", "OK"),
    ],
)
def test_what_is_as_committed_is_no_problem(pair: Pair, bare: str, ours: str) -> None:
    assert problems(pair, bare, ours) == []


def test_another_verdict_names_row_case_and_both_verdicts() -> None:
    assert problems(Pair("OK", "OK"), "NON-STRICT", "OK") == [
        "uvicorn: 9.1.1 bare is committed as OK, measured as NON-STRICT: says why"
    ]
    assert problems(Pair("OK", "INFORMATIONAL"), "OK", "OK")[0].startswith(
        "uvicorn: 9.1.1 ours is committed as INFORMATIONAL, measured as OK"
    )


def test_ours_may_not_be_worse_though_it_is_committed() -> None:
    assert problems(Pair("OK", "FAILED"), "OK", "FAILED") == [
        "uvicorn: 9.1.1 is FAILED with anysocket, worse than OK bare: says why"
    ]


def test_a_case_that_is_not_committed_is_a_problem() -> None:
    committed = Committed("uvicorn", "1.0", "3.13.0", {}, {})
    assert list(compare(committed, measured("OK", "OK"))) == ["uvicorn: 9.1.1 has no committed verdict"]


@pytest.mark.parametrize(
    ("behavior", "passed", "verdict"),
    [
        ("OK", True, Verdict.OK),
        ("OK", False, Verdict.FAILED),  # the close was wrong
        ("NON-STRICT", False, Verdict.FAILED),
        ("UNIMPLEMENTED", False, Verdict.UNIMPLEMENTED),
        ("ERROR", False, Verdict.ERROR),
    ],
)
def test_the_close_counts(behavior: str, passed: bool, verdict: Verdict) -> None:
    assert Verdict.of(behavior, passed=passed) is verdict


def test_accepting_keeps_what_was_not_run_and_sorts(tmp_path: Path) -> None:
    accept(tmp_path, ROW, measured("OK or NON-STRICT or OK", "OK"))
    later = measured("FAILED", "OK")
    accept(tmp_path, ROW, msgspec.structs.replace(later, cases={"10.1.1": later.cases["9.1.1"]}))
    assert load(tmp_path, ROW).cases == {
        "9.1.1": Pair("OK or NON-STRICT", "OK"),
        "10.1.1": Pair("FAILED", "OK"),
    }
    assert list(load(tmp_path, ROW).cases) == ["9.1.1", "10.1.1"]
    assert '\n"9.1.1": {"bare":"OK or NON-STRICT","ours":"OK"},\n' in file_of(tmp_path, ROW).read_text()


def test_an_error_is_not_accepted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"uvicorn: 9\.1\.1 couldn't be run"):
        accept(tmp_path, ROW, measured("OK", "ERROR"))
    assert not file_of(tmp_path, ROW).exists()


def test_a_version_without_verdicts_tells_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="anysocket autobahn --server uvicorn --accept"):
        load(tmp_path, ROW)


@pytest.mark.parametrize("row", sorted(COMMITTED))
def test_what_fails_has_a_reason(row: str) -> None:
    unexplained = [
        case for case in failures(COMMITTED[row]) if not any(each.explains(row, case) for each in NATIVE)
    ]
    assert not unexplained


@pytest.mark.parametrize("native", NATIVE, ids=lambda native: native.because)
def test_a_reason_is_about_something(native: object) -> None:
    assert any(each is native and each.cases(COMMITTED) for each in NATIVE)
