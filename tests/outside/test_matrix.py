"""The matrix's rows behind a proxy, from the command line."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from anysocket_matrix.case import cases
from anysocket_matrix.proxies import PROXIES
from anysocket_matrix.results.files import read
from anysocket_matrix.results.results import Verdict

CASES = {
    "messages.text": (Verdict.NATIVE, Verdict.NATIVE),
    "request.addresses": (Verdict.NATIVE, Verdict.ABSENT),
    "lifecycle.sigterm": (Verdict.NATIVE, None),
}
"""The verdict of a case on hypercorn, and behind any proxy; None if it doesn't run there."""

PROGRAMS = {proxy.program for proxy in PROXIES.values()}

DEADLINE = 120.0
"""Seconds, for a machine with other work."""


@contextmanager
def matrix(folder: Path, *arguments: str) -> Generator[subprocess.Popen[bytes], None, None]:
    """Run the matrix with this folder for its temporary files."""
    with subprocess.Popen(
        [sys.executable, "-m", "anysocket_matrix", "matrix", *arguments],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(folder)},
    ) as run:
        try:
            yield run
        finally:
            run.terminate()  # in case it still runs


def users_of(folder: Path) -> set[str]:
    """Return the programs whose command line names a path in this folder."""
    found: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder) in (process / "cmdline").read_text():
                found.add((process / "comm").read_text().strip())
    return found


def test_every_proxy(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    chosen = [argument for case in CASES for argument in ("--case", case)]
    with matrix(tmp_path, "--server", "hypercorn", "--proxies", *chosen, "--json", str(file)) as run:
        assert run.wait(DEADLINE) == 0
    alone, *behind = read([file]).rows
    assert [row.row for row in behind] == [
        *("hypercorn+h2+tls+haproxy", "hypercorn+h2+tls+haproxy-h2", "hypercorn+haproxy", "hypercorn+nginx"),
    ]
    proxies = [PROXIES[row.row.rpartition("+")[2]] for row in behind]
    assert [row.packages[proxy.program] for row, proxy in zip(behind, proxies, strict=True)] == [
        proxy.version for proxy in proxies
    ]
    for row, number in (alone, 0), *((each, 1) for each in behind):
        verdicts = {cell.case: cell.verdict for cell in row.cells}
        assert {case: verdicts.get(case) for case in CASES} == {
            case: expected[number] for case, expected in CASES.items()
        }
    assert set(CASES) < {case.id for case in cases()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_proxy(tmp_path: Path, number: signal.Signals) -> None:
    chosen = [argument for name in PROGRAMS for argument in ("--server", f"uvicorn+{name}")]
    with matrix(tmp_path, *chosen) as run:
        until = time.monotonic() + DEADLINE
        while not users_of(tmp_path).issuperset(PROGRAMS):
            assert time.monotonic() < until, users_of(tmp_path)
            time.sleep(0.05)
        run.send_signal(number)
        assert run.wait(DEADLINE) != 0
    assert users_of(tmp_path) == set()
