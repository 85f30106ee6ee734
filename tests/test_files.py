"""The files of results."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from anysocket import Support
from anysocket_matrix import cli
from anysocket_matrix.results import files
from anysocket_matrix.results.results import Cell, Failure, Results, RowResult, Verdict
from tests.measured import cell, row


def a_row(name: str, version: str) -> RowResult:
    absent = Cell("close.two", "C1", Support.ABSENT, Verdict.ABSENT, adapter=Failure("1000", "1006"))
    return row(name, version, cell("close.one"), absent)


def test_a_file_has_a_line_for_each_cell(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    files.prepare(file)
    written = Results([a_row("granian", "2.8"), a_row("uvicorn", "0.54")])
    files.write(file, written)
    assert files.read([file]) == written
    lines = file.read_text().splitlines()
    assert sum('"close.two"' in line for line in lines) == 2
    assert not any("close.one" in line and "close.two" in line for line in lines)


def test_a_folder_has_a_file_for_each_row_and_version(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    files.prepare(folder)
    rows = [a_row("uvicorn", "0.54"), a_row("hypercorn+trio", "0.18"), a_row("uvicorn", "0.52")]
    files.write(folder, Results(rows))
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["hypercorn+trio-0.18.json", "uvicorn-0.52.json", "uvicorn-0.54.json"]
    assert files.read([folder]) == Results([rows[1], rows[2], rows[0]])


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "garbage.json").write_text("{")
    with pytest.raises(ValueError, match=r"garbage\.json has no results of anysocket matrix"):
        files.read([tmp_path])
    with pytest.raises(ValueError, match=r"can't read .*missing\.json: No such file"):
        files.read([tmp_path / "missing.json"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="there are no results in"):
        files.read([tmp_path / "empty"])


def test_what_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()
    for path, says in (
        (tmp_path / "file" / "results.json", "a file is where a folder should be"),
        (tmp_path / "file", "a file is where a folder should be"),
        (Path("/proc"), "No such file"),  # a folder in which not even root can write
        (Path("/proc/results.json"), "No such file"),
    ):
        with pytest.raises(ValueError, match=f"can't write {path}.*: {says}"):
            files.prepare(path)
    with pytest.raises(ValueError, match=r"folder\.json: Is a directory"):
        files.prepare_file(tmp_path / "folder.json")


def test_a_file_that_is_looked_at_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    file.write_text("{}")
    files.prepare_file(file)
    assert file.read_text() == "{}"


def test_a_mistake_in_what_to_run_leaves_the_last_results(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text("{}")
    wrong = ["matrix", "--server", "nothing", "--json", str(file)]
    assert CliRunner().invoke(cli.app, wrong).exit_code == 1
    assert file.read_text() == "{}"
