"""Running the matrix: the cases on each row, in a pytest of its own, several rows at a time."""

import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import NoReturn

import msgspec

from anysocket_matrix.conformance.case import Case, Layer
from anysocket_matrix.results import Outcome, Results, RowResult, judge
from anysocket_matrix.rows import Row

PARALLEL_ROWS = 6

CASES_FOLDER = Path(__file__).parent / "conformance"

PACKAGES = ("websockets", "wsproto", "h11", "httptools", "uvloop", "anyio")
"""What decides, besides the server itself, how a row behaves."""

ROW_DEADLINE = 600.0
"""Seconds that one row may take before it is given up."""

Progress = Callable[[str, int], None]
"""Told of a row and of how many outcomes it has so far."""


def run_matrix(rows: Sequence[Row], cases: Sequence[Case], progress: Progress) -> Results:
    """Run cases on rows.

    A row that can't be run to its end costs its own cells and says why. However this ends, no
    process is left behind.
    """
    waiting = list(rows)
    running: list[_RowRun] = []
    finished: dict[str, RowResult] = {}
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="anysocket-matrix-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < PARALLEL_ROWS:
                    running.append(_RowRun(waiting.pop(0), cases, Path(folder)))
                time.sleep(0.05)
                for row in tuple(running):
                    progress(row.name, row.count())
                    if row.has_ended():
                        running.remove(row)
                        finished[row.name] = row.result()
        finally:
            for row in running:
                row.stop()
    return Results(
        anysocket=version("anysocket"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        rows=[finished[row.name] for row in rows],
    )


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End as Ctrl-C does: by an exception, which cleans up on its way."""
    raise SystemExit(128 + number)


class _RowRun:
    """One row's pytest. Its server's process group is its own, and ends with it."""

    def __init__(self, row: Row, cases: Sequence[Case], folder: Path) -> None:
        self.name = row.name
        self._row = row
        self._cases = cases
        self._outcomes = folder / f"{row.name}.jsonl"
        self._outcomes.touch()
        self._log = (folder / f"{row.name}.log").open("w+b")
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", *sorted({str(case.file) for case in cases})),
                *("-p", "anysocket_matrix.plugin", "-p", "no:cacheprovider", "-c", os.devnull),
                *("--rootdir", str(CASES_FOLDER), "-q", "--tb=short"),
                *("--row", row.name, "--outcomes", str(self._outcomes)),
                *("--cases", ",".join(case.id for case in cases)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to pass on
        )

    def count(self) -> int:
        """Tell how many outcomes there are."""
        return self._outcomes.read_bytes().count(b"\n")

    def has_ended(self) -> bool:
        """Tell whether the row is done, or has been given up."""
        if self._process.poll() is not None:
            return True
        if time.monotonic() - self._began > ROW_DEADLINE:
            self.stop()
            return True
        return False

    def stop(self) -> None:
        """End the run: pytest stops its server when it is interrupted."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def result(self) -> RowResult:
        """Judge what has been measured."""
        lines = self._outcomes.read_bytes().splitlines()
        outcomes = dict[tuple[str, Layer], Outcome]()
        for outcome in (msgspec.json.decode(line, type=Outcome) for line in lines):
            outcomes[outcome.case, outcome.layer] = outcome
        plain = self._row.server.plain
        complete = len(outcomes) == sum(len(case.over(plain=plain)) for case in self._cases)
        self._log.seek(0)
        log = self._log.read().decode(errors="replace")
        self._log.close()
        return RowResult(
            row=self.name,
            version=self._row.server.version or "not installed",
            packages=_versions(),
            seconds=round(time.monotonic() - self._began, 1),
            cells=judge(self._cases, self._row.capabilities, outcomes, plain=plain),
            trouble=None if complete else "\n".join(log.splitlines()[-30:]),
        )


def _versions() -> dict[str, str]:
    found = dict[str, str]()
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
