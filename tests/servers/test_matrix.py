"""The matrix from the command line: a few cases, one server."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from anysocket_matrix.case import cases

SERVER = "anysocket_matrix.processes.tethered_server"
"""A part of the command of a server under test."""


def anysocket(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "anysocket_matrix", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(path or "")},
    )


def test_a_run_ends_with_a_table_a_file_and_a_status(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    chosen = ("--case", "close.peers_*", "--case", "close.default_code")
    finished = anysocket("matrix", "--server", "hypercorn-wsproto", *chosen, "--json", str(file))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "3 repaired" in finished.stdout
    assert finished.stdout.rstrip().endswith("Everything is as declared.")
    (row,) = json.loads(file.read_text())["rows"]
    assert row["row"] == "hypercorn-wsproto"
    assert {cell["case"]: cell["verdict"] for cell in row["cells"]} == {
        "close.peers_code": "repaired",
        "close.peers_code_echoed": "native",
        "close.peers_newest_code": "repaired",
        "close.peers_standard_code": "repaired",
        "close.default_code": "native",
    }
    plain = row["cells"][0]["plain"]
    assert plain == {"expected": "code 4999", "seen": "code 1006, raised None"}


def test_a_false_declaration_fails_the_run(tmp_path: Path) -> None:
    flip = tmp_path / "sitecustomize.py"
    flip.write_text(
        "from dataclasses import replace\n"
        "from anysocket import Support\n"
        "from anysocket_adapters.hypercorn.server import HypercornTransport as transport\n"
        "transport.declared = replace(transport.declared, peer_close_code=Support.NATIVE)\n"
    )
    chosen = ("--server", "hypercorn-wsproto", "--case", "close.peers_code")
    finished = anysocket("matrix", *chosen, path=tmp_path)
    assert finished.returncode == 1
    assert "is declared native" in finished.stdout
    assert "plain: expected code 4999, saw code 1006" in finished.stdout


def test_the_suite_runs_in_pytest(tmp_path: Path) -> None:
    chosen = [sys.executable, "-m", "pytest", "--pyargs", "anysocket_matrix", "-q", "-k", "peers_code"]
    chosen += ["--row", "hypercorn-wsproto"]
    finished = subprocess.run(chosen, capture_output=True, text=True, cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "5 passed" in finished.stdout
    assert "1 xfailed" in finished.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "name a server: pytest --pyargs anysocket_matrix --row granian"),
        (("--row", "apache"), "there is no server 'apache': choose one of "),
    ],
)
def test_pytest_is_told_the_row(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--pyargs", "anysocket_matrix", "-q", *options]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert finished.returncode == pytest.ExitCode.USAGE_ERROR
    assert message in finished.stdout + finished.stderr


def test_the_slowest_cases_are_told(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    case = ("--server", "uvicorn", "--case", "close.peers_code")
    finished = anysocket("matrix", *case, "--durations", "2", "--json", str(file))
    assert finished.returncode == 0
    assert "the slowest cases" in finished.stdout
    assert len(json.loads(file.read_text())["rows"][0]["slowest"]) == 2


def test_the_list_has_every_case() -> None:
    finished = anysocket("matrix", "--list")
    assert finished.returncode == 0
    assert f"{len(cases())} cases" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--server", "apache"), "there is no server 'apache': choose one of "),
        (("--server", "hypercorn+h3"), "row 'hypercorn+h3': there is no variant 'h3': asyncio, "),
        (("--server", "hypercorn+trio+uvloop"), "row 'hypercorn+trio+uvloop' has more than one loop"),
        (("--server", "uvicorn+trio"), "uvicorn runs on asyncio, uvloop, not on trio"),
        (("--server", "uvicorn+h2"), "uvicorn has no WebSockets over HTTP/2"),
        (("--case", "close.*", "--case", "nothing.*"), "no case matches 'nothing.*'"),
        (("--case", "close.no_code", "--json", "/dev/null/file"), "can't write /dev/null/file"),
    ],
)
def test_what_cannot_be_run_is_told_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    finished = anysocket("matrix", *arguments)
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"anysocket: {message}")
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process(number: signal.Signals) -> None:
    mark = f"ANYSOCKET_TEST={uuid4()}"
    name, _, value = mark.partition("=")
    run = subprocess.Popen(
        [sys.executable, "-m", "anysocket_matrix", "matrix", "--server", "hypercorn", "--server", "granian"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, name: value},
    )
    wait_until(lambda: sum(SERVER in command for command in commands_with(mark)) >= 2)
    run.send_signal(number)
    assert run.wait(30) != 0
    assert commands_with(mark) == []


def wait_until(condition: Callable[[], bool], deadline: float = 30.0) -> None:
    until = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < until, "it didn't become true in time"
        time.sleep(0.05)


def commands_with(mark: str) -> list[str]:
    """Return the commands of the processes that have this text in their environment."""
    return list(processes_with(mark).values())


def processes_with(mark: str) -> dict[int, str]:
    """Return those commands by process id."""
    found = dict[int, str]()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(process.name)] = command
    return found
