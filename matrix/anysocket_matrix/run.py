"""Running the matrix: the cases on each row, in pytests of their own, several at a time."""

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
from anysocket_matrix.results import Outcome, Results, RowResult, Slow, judge
from anysocket_matrix.rows import Row

PARALLEL_SHARDS = 9
"""Pytests at a time. Most cases wait for most of their time, so these are more than a machine has cores."""

CASES_FOLDER = Path(__file__).parent / "conformance"

PACKAGES = ("websockets", "wsproto", "h11", "httptools", "uvloop", "anyio")
"""What decides, besides the server itself, how a row behaves."""

ROW_DEADLINE = 600.0
"""Seconds that one row may take before it is given up."""

STOP_DEADLINE = 20.0
"""Seconds that a pytest may take to stop its server and itself."""

Progress = Callable[[str, int], None]
"""Told of a row and of how many outcomes it has so far."""


def run_matrix(
    rows: Sequence[Row], cases: Sequence[Case], progress: Progress, *, durations: int = 0
) -> Results:
    """Run cases on rows, and tell the slowest of each.

    A row that can't be run to its end costs its own cells and says why. However this ends, no
    process is left behind.
    """
    shards = max(1, PARALLEL_SHARDS // len(rows))
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="anysocket-matrix-") as folder:
        waiting = [_RowRun(row, cases, Path(folder), shards) for row in rows]
        running: list[_RowRun] = []
        finished: dict[str, RowResult] = {}
        try:
            while waiting or running:
                while waiting and (len(running) + 1) * shards <= PARALLEL_SHARDS:
                    running.append(waiting.pop(0))
                    running[-1].start()
                time.sleep(0.05)
                for row in tuple(running):
                    progress(row.name, row.count())
                    if row.has_ended():
                        running.remove(row)
                        finished[row.name] = row.result(durations)
        finally:
            for row in running:
                row.interrupt()
            for row in running:
                row.wait()
    return Results([finished[row.name] for row in rows])


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End as Ctrl-C does: by an exception, which cleans up on its way."""
    raise KeyboardInterrupt


class _Shard:
    """Some of the cases of one row, in a pytest with a server of its own."""

    def __init__(self, row: Row, cases: Sequence[Case], outcomes: Path) -> None:
        self._outcomes = outcomes
        self._outcomes.touch()
        self._log = outcomes.with_suffix(".log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", *sorted({str(case.file) for case in cases})),
                    *("-p", "anysocket_matrix.pytest_options", "-p", "no:cacheprovider"),
                    *("-c", os.devnull, "--rootdir", str(CASES_FOLDER), "-q"),
                    *("--assert=plain", "--tb=native"),  # the others cost the analysis of each file
                    *("--row", row.name, "--row-outcomes", str(outcomes)),
                    *("--row-cases", ",".join(case.id for case in cases)),
                ],
                env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours to pass on
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def lines(self) -> list[bytes]:
        return self._outcomes.read_bytes().splitlines()

    def log(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-30:])

    def interrupt(self) -> None:
        """Have it end: pytest stops its server when it is interrupted."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class _RowRun:
    """The cases on one row, dealt out to its shards."""

    def __init__(self, row: Row, cases: Sequence[Case], folder: Path, shards: int) -> None:
        self.name = row.name
        self._row = row
        self._cases = cases
        self._folder = folder
        self._wanted = shards
        self._shards: list[_Shard] = []
        self._began = 0.0

    def start(self) -> None:
        self._began = time.monotonic()
        for number in range(self._wanted):
            if cases := self._cases[number :: self._wanted]:
                file = self._folder / f"{self.name}-{number}.jsonl"
                self._shards.append(_Shard(self._row, cases, file))

    def count(self) -> int:
        """Tell how many outcomes there are."""
        return sum(len(shard.lines()) for shard in self._shards)

    def has_ended(self) -> bool:
        """Tell whether the row is done, or has been given up."""
        if not any(shard.running for shard in self._shards):
            return True
        if time.monotonic() - self._began > ROW_DEADLINE:
            self.interrupt()
            self.wait()
            return True
        return False

    def interrupt(self) -> None:
        for shard in self._shards:
            shard.interrupt()

    def wait(self) -> None:
        for shard in self._shards:
            shard.wait()

    def result(self, durations: int) -> RowResult:
        """Judge what has been measured."""
        lines = [line for shard in self._shards for line in shard.lines()]
        outcomes = dict[tuple[str, Layer], Outcome]()
        for outcome in (msgspec.json.decode(line, type=Outcome) for line in lines):
            outcomes[outcome.case, outcome.layer] = outcome
        plain = self._row.server.plain
        complete = len(outcomes) == sum(len(case.over(plain=plain)) for case in self._cases)
        slow = sorted(outcomes.values(), key=lambda each: each.seconds, reverse=True)[:durations]
        return RowResult(
            row=self.name,
            version=self._row.server.version or "not installed",
            anysocket=version("anysocket"),
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            packages=_versions(),
            seconds=round(time.monotonic() - self._began, 1),
            slowest=[Slow(each.case, each.layer, each.seconds) for each in slow],
            trouble=None if complete else "\n".join(shard.log() for shard in self._shards),
            cells=judge(
                self._cases,
                self._row.capabilities,
                outcomes,
                plain=plain,
                known=self._row.known_failures,
            ),
        )


def _versions() -> dict[str, str]:
    found = dict[str, str]()
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
