"""The merged results of several environments."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from anysocket_matrix import cli
from anysocket_matrix.results import files
from anysocket_matrix.results.merged import merge
from anysocket_matrix.results.results import Results, RowResult, Verdict
from tests.measured import ABSENT, NATIVE, REPAIRED, cell, row, unexpected

RESET = "close.reset"


def write(folder: Path, **environments: RowResult) -> None:
    for name, each in environments.items():
        files.write(folder / f"{name}.json", Results([each]))


def report(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(cli.app, ["report", *map(str, arguments)])


def test_all_is_well(tmp_path: Path) -> None:
    write(tmp_path, py311=row("uvicorn", "0.54.0", cell(RESET)), py312=row("daphne", "4.2.3", cell(RESET)))
    done = report(tmp_path, "--expect", "py311", "--expect", "py312")
    assert done.exit_code == 0
    assert done.output.endswith("Everything is as declared.\n")
    assert [line.split() for line in done.output.splitlines() if "uvicorn" in line] == [
        ["uvicorn", "0.54.0", "py311", "3.11.7", "1"]
    ]


def test_what_is_unexpected_is_explained_with_its_environment(tmp_path: Path) -> None:
    write(tmp_path, py311=row("uvicorn", "0.54.0", unexpected(RESET, ABSENT)))
    done = report(tmp_path)
    assert done.exit_code == 1
    assert f"py311: uvicorn: {RESET} (C1) is declared absent" in done.output
    assert "adapter: passed" in done.output


def test_a_row_that_was_not_run_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, py311=row("uvicorn", "0.54.0", cell(RESET), trouble="[it] died"))
    done = report(tmp_path)
    assert done.exit_code == 1
    assert "py311: uvicorn wasn't run to its end:\n[it] died" in done.output


def test_an_environment_that_wrote_nothing(tmp_path: Path) -> None:
    write(tmp_path, py311=row("uvicorn", "0.54.0", cell(RESET)))
    done = report(tmp_path, tmp_path / "py313.json", "--expect", "py311, py312", "--expect", "py310")
    assert done.exit_code == 1
    for name in ("py312", "py310"):
        assert f"missing: {name} has written no results" in done.output
    assert "py311 has" not in done.output
    assert "py313.json: No such file" in done.output


def test_a_folder_without_results(tmp_path: Path) -> None:
    done = report(tmp_path)
    assert done.exit_code == 1
    assert f"missing: there are no results in {tmp_path}" in done.output.replace("\n", "")


def test_an_environment_that_broke_off(tmp_path: Path) -> None:
    file = tmp_path / "py311.json"
    write(tmp_path, py311=row("uvicorn", "0.54.0", cell(RESET)))
    files.prepare(file)
    done = report(tmp_path, "--expect", "py311")
    assert done.exit_code == 1
    assert "py311.json has no results of anysocket matrix" in done.output


def test_environments_that_disagree(tmp_path: Path) -> None:
    write(
        tmp_path,
        py311=row("uvicorn", "0.54.0", cell(RESET), cell("a.b")),
        py313=row("uvicorn", "0.54.0", cell(RESET, REPAIRED), cell("a.b"), python="3.13.0"),
    )
    done = report(tmp_path, "--json", tmp_path / "report.json.txt")
    assert done.exit_code == 0
    assert f"uvicorn 0.54.0: {RESET} differs: py311 native, py313 repaired" in done.output
    assert "a.b" not in done.output
    written = json.loads((tmp_path / "report.json.txt").read_text())
    assert [each["case"] for each in written["differences"]] == [RESET]
    assert [each["counts"] for each in written["summary"]] == [{"native": 2}, {"native": 1, "repaired": 1}]
    assert files.read([tmp_path / "report.json.txt"]) == merge([tmp_path]).results
    (measured,) = merge([tmp_path]).rows
    assert [each.verdict for each in measured.worst.cells] == [Verdict.REPAIRED, Verdict.NATIVE]


def test_files_of_one_name_in_two_folders(tmp_path: Path) -> None:
    for folder, support in (("one", NATIVE), ("two", REPAIRED)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, py311=row("uvicorn", "0.54.0", cell(RESET, support)))
    (measured,) = merge([tmp_path / "one", tmp_path / "two"]).rows
    assert list(measured.runs) == ["py311", "two/py311"]


def test_the_newest_version_is_not_the_last_in_the_alphabet(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=row("granian", "2.8.10", cell(RESET)),
        b=row("granian", "2.8.9", cell(RESET)),
        c=row("granian+uvloop", "2.8.9", cell(RESET)),
    )
    found = merge([tmp_path])
    assert [(each.row, each.version) for each in found.rows] == [
        ("granian", "2.8.9"),
        ("granian", "2.8.10"),
        ("granian+uvloop", "2.8.9"),
    ]
    assert [each.version for each in found.newest] == ["2.8.10", "2.8.9"]


def test_the_page_is_written(tmp_path: Path) -> None:
    write(tmp_path, py311=row("uvicorn", "0.54.0", cell(RESET)))
    assert report(tmp_path, "--html", tmp_path / "page.html").exit_code == 0
    assert RESET in (tmp_path / "page.html").read_text()
    assert report(tmp_path, "--html", tmp_path / "new" / "page.html").exit_code == 0
    done = report(tmp_path, "--html", tmp_path / "py311.json" / "page.html")
    assert done.exit_code == 1
    assert "anysocket: can't write" in done.output
    assert "a file is where a folder should be" in done.output
