"""The changes of an upgrade."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from anysocket_matrix import cli
from anysocket_matrix.results import files
from anysocket_matrix.results.changes import compare
from anysocket_matrix.results.results import Results, RowResult
from tests.measured import ABSENT, NATIVE, REASON, REPAIRED, cell, known, row, unexpected

CASE = "close.peers_reason"
OLD = row("granian", "2.8.7", cell(CASE, ABSENT, REASON), cell("close.reset", REPAIRED))


def results(*rows: RowResult) -> Results:
    return Results(list(rows))


def run(tmp_path: Path, old: Results, new: Results, *more: str) -> Result:
    for name, each in (("old", old), ("new", new)):
        files.write(tmp_path / f"{name}.json", each)
    paths = [str(tmp_path / f"{name}.json") for name in ("old", "new")]
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, ["matrix", "--compare", *paths, *more])


def test_nothing_changed(tmp_path: Path) -> None:
    done = run(tmp_path, results(OLD), results(OLD))
    assert done.exit_code == 0
    assert "granian 2.8.7 -> 2.8.7: nothing changed" in done.output


def test_an_absence_that_an_upgrade_has_mended(tmp_path: Path) -> None:
    repaired = row("granian", "2.9.0", unexpected(CASE, ABSENT, REASON), cell("close.reset", REPAIRED))
    done = run(tmp_path, results(OLD), results(repaired), "--json", str(tmp_path / "changes.json"))
    assert done.exit_code == 1
    assert "granian 2.8.7 -> 2.9.0" in done.output
    assert f"declaration to change: {REASON}: absent -> native" in done.output
    assert "plain: expected reason 'bye', saw reason ''" in done.output
    assert "plain: passed" in done.output
    assert "close.reset" not in done.output
    assert "1 of 1 rows changed." in done.output
    (change,) = json.loads((tmp_path / "changes.json").read_text())["rows"]
    assert [each["case"] for each in change["cases"]] == [CASE]
    assert change["declarations"] == [{"capability": REASON, "declared": "absent", "measured": ["native"]}]


def test_cases_that_disagree_about_a_capability() -> None:
    both = row("granian", "2.9.0", unexpected(CASE, ABSENT, REASON), cell("close.other", ABSENT, REASON))
    before = row("granian", "2.8.7", cell(CASE, ABSENT, REASON), cell("close.other", ABSENT, REASON))
    (declaration,) = compare(results(before), results(both)).rows[0].declarations
    assert declaration.measured == ()


def test_a_known_failure_tells_nothing_of_its_capability() -> None:
    failing = known("close.other", "https://example.com/1", REASON)
    before = row("granian", "2.8.7", cell(CASE, ABSENT, REASON))
    now = row("granian", "2.9.0", cell(CASE, REPAIRED, REASON), failing)
    (declaration,) = compare(results(before), results(now)).rows[0].declarations
    assert declaration.measured == (REPAIRED,)


def test_cases_that_are_new_or_gone() -> None:
    (change,) = compare(results(OLD), results(row("granian", "2.9.0", OLD.cells[0], cell("a.b")))).rows
    found = {each.case: (each.before is None, each.now is None) for each in change.cases}
    assert found == {"close.reset": (False, True), "a.b": (True, False)}


def test_a_case_that_fails_without_a_capability(tmp_path: Path) -> None:
    broken = row("granian", "2.9.0", OLD.cells[0], unexpected("close.reset", REPAIRED))
    done = run(tmp_path, results(OLD), results(broken))
    assert "no capability covers close.reset" in done.output


def test_a_row_is_compared_with_the_same_version_or_the_newest() -> None:
    older, newer = row("granian", "2.8.9", cell("a.b")), row("granian", "2.8.10", cell("a.b"))
    other = row("uvicorn", "0.54.0", cell("a.b"))
    now = results(row("granian", "2.9.0", cell("a.b")), older, row("daphne", "4.2.3"))
    changes = compare(results(newer, older, other), now)
    assert [(each.before.version, each.now.version) for each in changes.rows] == [
        ("2.8.10", "2.9.0"),
        ("2.8.9", "2.8.9"),
    ]
    assert (changes.only_before, changes.only_now) == (["uvicorn"], ["daphne"])
    assert not changes.changed


def test_one_row_on_each_side_may_have_two_names() -> None:
    (change,) = compare(results(OLD), results(row("granian+uvloop", "2.8.7", *OLD.cells))).rows
    assert (change.before.row, change.now.row, change.changed) == ("granian", "granian+uvloop", False)


def test_nothing_in_common(tmp_path: Path) -> None:
    done = run(tmp_path, results(OLD, row("daphne", "4.2.3")), results(row("uvicorn", "0.54.0")))
    assert done.exit_code == 1
    assert "no row is in both: daphne, granian before, uvicorn now" in done.output


@pytest.mark.parametrize("option", ["--variants", "--list"])
def test_nothing_is_run(tmp_path: Path, option: str) -> None:
    done = run(tmp_path, results(OLD), results(OLD), option)
    assert "--compare runs nothing" in done.output


def test_a_row_that_was_not_run_to_its_end(tmp_path: Path) -> None:
    done = run(tmp_path, results(OLD), results(row("granian", "2.8.7", *OLD.cells, trouble="it died")))
    assert done.exit_code == 1
    assert "it died" in done.output


def test_a_native_case_needs_nothing() -> None:
    same = row("granian", "2.9.0", cell(CASE, NATIVE, REASON))
    (change,) = compare(results(OLD), results(same)).rows
    assert [each.measured for each in change.declarations] == [(NATIVE,)]


def test_changes_that_cannot_be_written(tmp_path: Path) -> None:
    done = run(tmp_path, results(OLD), results(OLD), "--json", str(tmp_path))
    assert str(done.exception) == f"anysocket: can't write {tmp_path}: Is a directory"
    assert (
        run(tmp_path, results(OLD), results(OLD), "--json", str(tmp_path / "new" / "a.json")).exit_code == 0
    )
