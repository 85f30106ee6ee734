"""The matrix's results for broken servers, which can neither stop the run nor outlive it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.servers.broken_servers import SERVERS
from tests.servers.test_matrix import SERVER, commands_with, processes_with, wait_until

from anysocket_matrix.results import files
from anysocket_matrix.results.results import Cell, Failure, RowResult, Verdict
from anysocket_matrix.running.run import ROW_PYTESTS

CASES = (
    "accept.opens",
    "close.default_code",
    "close.first_of_several_closes",
    "lifecycle.sigterm_with_a_silent_peer",
    "messages.empty_binary",
    "messages.empty_text",
    "messages.text",
)

HURRIED = """
import sys

if "broken-never" in sys.orig_argv:
    from anysocket_matrix.rows import running_server

    running_server.START_DEADLINE = 10.0
if "broken-dumb" in sys.orig_argv:
    from anysocket_matrix.peer import wire
    from anysocket_matrix.running import row_servers

    wire.HANDSHAKE_DEADLINE, row_servers.PATIENCE = 2.0, 5.0
"""
"""The code that Python runs at startup: silent servers should take less time than usual."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder from which Python imports the broken servers, as a separate distribution."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "sitecustomize.py").write_text(HURRIED)
    (folder / "broken_servers.py").symlink_to(Path(__file__).with_name("broken_servers.py"))
    metadata = folder / "broken_servers-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-servers\nVersion: 1.0\n")
    lines = [f"{name} = broken_servers:{name.replace('-', '_')}" for name in (*SERVERS, "broken-adapter")]
    (metadata / "entry_points.txt").write_text("\n".join(["[anysocket.servers]", *lines, ""]))
    return folder


def run(path: Path, *arguments: str, mark: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "anysocket_matrix", "matrix", *arguments]
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(path), "ANYSOCKET_TEST": mark}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    STARTED.append(process)
    return process


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left() -> Iterator[None]:
    """End the runs of failed tests, together with every process that they have started."""
    yield
    for process in STARTED:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def finished(path: Path) -> tuple[str, dict[str, RowResult]]:
    """Run some cases on all of them at once, and return the output and the rows."""
    mark, results = str(uuid4()), path / "results.json"
    cases = [argument for case in CASES for argument in ("--case", case)]
    servers = [argument for name in SERVERS for argument in ("--server", name)]
    process = run(path, *cases, *servers, "--json", str(results), mark=mark)
    printed, _ = process.communicate(timeout=110)
    assert process.returncode == 1, printed
    assert commands_with(f"ANYSOCKET_TEST={mark}") == []
    return printed, {row.row: row for row in files.read([results]).rows}


def failures(cell: Cell) -> list[Failure]:
    return [each for each in (cell.plain, cell.adapter, cell.normalised) if each is not None]


def unexpected(row: RowResult) -> dict[str, list[Failure]]:
    return {cell.case: failures(cell) for cell in row.cells if cell.verdict is Verdict.UNEXPECTED}


@pytest.mark.parametrize(
    ("name", "caught", "says"),
    [
        (
            "broken-codes",
            {"close.default_code", "close.first_of_several_closes"},
            ("expected close 1000, saw", "1001"),
        ),
        ("broken-messages", {"messages.empty_text", "messages.empty_binary"}, ("nothing for 2 s",)),
        (
            "broken-deaf",
            {"lifecycle.sigterm_with_a_silent_peer"},
            ("expected a close frame", "broken-deaf still runs after SIGTERM"),
        ),
    ],
)
def test_is_caught_by_its_cases(
    name: str, caught: set[str], says: tuple[str, ...], finished: tuple[str, dict[str, RowResult]]
) -> None:
    printed, rows = finished
    found = unexpected(rows[name])
    assert set(found) == caught
    first = next(iter(found.values()))[0].says
    assert all(part in first for part in says), first
    assert first in printed
    assert rows[name].trouble is None


def test_dies_after_some_connections(finished: tuple[str, dict[str, RowResult]]) -> None:
    printed, rows = finished
    found = unexpected(rows["broken-mortal"])
    assert 3 <= len(found) < len(CASES) - 1
    for why in found.values():
        assert "broken-mortal ended with exit status 7" in why[0].says
        assert why[0].log is not None
        assert why[0].log.endswith("that was enough")
    assert "    | that was enough" in printed


@pytest.mark.parametrize(
    ("name", "says", "log"),
    [
        ("broken-unable", "ended with exit status 1 before it was ready", "No module named 'broken_dep"),
        ("broken-never", "wasn't ready within 10 s", "waiting for a better day"),
        ("broken-dumb", "no case passed in", "anysocket: dumb 1 is ready on ws://127.0.0.1:1"),
        ("broken-noisy", "was killed because it printed more than 16 MiB", r"\xff\x1b[2J\x1b[31m[bold red]"),
    ],
)
def test_is_given_up(name: str, says: str, log: str, finished: tuple[str, dict[str, RowResult]]) -> None:
    printed, rows = finished
    found = unexpected(rows[name])
    assert set(found) >= {*CASES} - {"lifecycle.sigterm_with_a_silent_peer"}
    last = found["messages.text"][-1]
    assert last.trouble is not None
    assert last.trouble.startswith(f"{name} was given up: ")
    assert says in last.trouble
    assert last.log is not None
    assert log in last.log
    assert last.trouble in printed
    assert log in printed
    assert "\x1b" not in printed


def test_an_adapter_that_cannot_be_imported(path: Path) -> None:
    process = run(path, "--server", "broken-adapter", "--case", "accept.opens")
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "anysocket: broken-adapter can't be loaded from broken_servers:broken_adapter: Attrib" in printed


SOME = ("--server", "uvicorn", "--case", "accept.opens", "--case", "messages.t*")


def test_two_runs_at_once(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    both = [run(tmp_path, *SOME, "--json", str(file)) for _ in range(2)]
    for process in both:
        printed, _ = process.communicate(timeout=110)
        assert process.returncode == 0, printed
    (row,) = files.read([file]).rows
    assert row.trouble is None
    assert [each.name for each in tmp_path.iterdir()] == ["results.json"]


LONG = ("--server", "hypercorn", "--server", "granian")


def started(path: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start a run, and wait until its servers have started."""
    mark = str(uuid4())
    process = run(path, *(arguments or LONG), mark=mark)
    wait_until(lambda: sum(SERVER in each for each in commands_with(f"ANYSOCKET_TEST={mark}")) >= 2)
    return process, f"ANYSOCKET_TEST={mark}"


def pytests_with(mark: str) -> list[int]:
    return [pid for pid, command in processes_with(mark).items() if " --row " in command]


def test_a_killed_pytest_takes_its_servers_along(tmp_path: Path) -> None:
    process, mark = started(tmp_path, "--server", "hypercorn")
    wait_until(lambda: len(pytests_with(mark)) == ROW_PYTESTS)
    for pid in pytests_with(mark):
        os.kill(pid, signal.SIGKILL)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert commands_with(mark) == []
    assert " outcomes are missing." in printed
    assert re.search(r"Pytest 1 of \d ended with status -9\. The end of its log:", printed)


def test_a_killed_pytest_costs_no_other_case(tmp_path: Path) -> None:
    process, mark = started(
        tmp_path, "--server", "uvicorn", "--case", "accept.*", "--case", "close.*", "--jobs", "2"
    )
    os.kill(pytests_with(mark)[0], signal.SIGKILL)
    printed, _ = process.communicate(timeout=110)
    assert process.returncode == 1
    found = re.search(r"(\d+) of (\d+) outcomes are missing", printed)
    assert found is not None, printed
    assert 1 <= int(found[1]) <= 3


def test_a_killed_run_takes_everything_along(tmp_path: Path) -> None:
    process, mark = started(tmp_path)
    process.kill()
    process.communicate(timeout=30)
    wait_until(lambda: commands_with(mark) == [])


def test_a_pytest_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nif '--row' in sys.orig_argv:\n    print('not today', flush=True)\n    os._exit(3)\n"
    )
    process = run(tmp_path, "--server", "uvicorn", "--case", "accept.opens")
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "3 of 3 outcomes are missing." in printed
    assert "Pytest 1 of 1 ended with status 3." in printed
    assert "not today" in printed
