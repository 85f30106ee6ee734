"""Running the matrix: the cases on each row, in pytests of their own, several at a time."""

import os
import platform
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import msgspec

from anysocket_matrix.conformance.case import Case
from anysocket_matrix.held import HELD
from anysocket_matrix.printed import excerpt
from anysocket_matrix.results import Outcome, Results, RowResult, Slow, judge
from anysocket_matrix.rows import Row

ROW_SHARDS = 8
"""Pytests for one row at most: each, with its own server, costs what a hundred cases do."""

CASES_FOLDER = Path(__file__).parent / "conformance"

PACKAGES = ("websockets", "wsproto", "h11", "httptools", "uvloop", "anyio")
"""What decides, besides the server itself, how a row behaves."""

ROW_DEADLINE = 600.0
"""Seconds that one row may take before it is given up."""

STOP_DEADLINE = 20.0
"""Seconds that a pytest may take to stop its server and itself."""

GONE_DEADLINE = 5.0
"""Seconds that a server may take to end after its pytest."""

_USUAL = (0, 1)
"""How a pytest ends that has run its cases, whatever their outcome."""

_TAIL = 64 * 1024
"""Bytes of a log in which its last lines are looked for."""

_TOLD = 3
"""So many shards are told of, when there is trouble with more."""

_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""A run starts some hundred Pythons: each would compile all of anysocket anew."""

Progress = Callable[[str, int], None]
"""Told of a row and of how many outcomes it has so far."""


def run_matrix(
    rows: Sequence[Row], cases: Sequence[Case], progress: Progress, *, durations: int, jobs: int
) -> Results:
    """Run cases on rows, so many pytests at a time, and tell the slowest of each.

    A row that can't be run to its end costs its own cells and says why. However this ends, no
    process is left behind.
    """
    shards = min(ROW_SHARDS, max(1, jobs // len(rows)))
    with _Stop() as stop, tempfile.TemporaryDirectory(prefix="anysocket-matrix-") as folder:
        waiting = [_RowRun(row, cases, Path(folder), shards) for row in rows]
        begun: list[_RowRun] = []
        running: list[_RowRun] = []
        finished: dict[str, RowResult] = {}
        try:
            while waiting or running:
                while waiting and (len(running) + 1) * shards <= jobs:
                    running.append(waiting.pop(0))
                    begun.append(running[-1])
                    running[-1].start()
                time.sleep(0.05)
                stop.check()
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
            for row in begun:
                row.close()
    return Results([finished[row.name] for row in rows])


class _Stop:
    """Turns SIGINT and SIGTERM into a KeyboardInterrupt where nothing is half done."""

    def __enter__(self) -> Self:
        self._asked = False
        numbers = [
            each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN
        ]
        self._before = {number: signal.signal(number, self._ask) for number in numbers}
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def check(self) -> None:
        if self._asked:
            raise KeyboardInterrupt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


class _Shard:
    """Some of the cases of one row, in a pytest with servers of its own."""

    def __init__(self, row: Row, cases: Sequence[Case], outcomes: Path) -> None:
        self._wanted = sum(len(case.over(plain=row.plain)) for case in cases)
        self._outcomes = outcomes
        self._outcomes.touch()
        self._read = self._outcomes.open("rb")
        self._log = outcomes.with_suffix(".log")
        self._given_up = False
        self._left = False
        self.count = 0
        """Outcomes so far."""
        self._all_gone, held = os.pipe()
        with self._log.open("wb") as log, os.fdopen(held):
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", *sorted({str(case.file) for case in cases})),
                    *("-p", "anysocket_matrix.pytest_options", "-p", "no:cacheprovider"),
                    *("-c", os.devnull, "--rootdir", str(CASES_FOLDER), "-q"),
                    *("--assert=plain", "--tb=native"),  # the others cost the analysis of each file
                    "--capture=no",  # it ends with the run, which it sees at its standard input
                    *("--row", row.name, "--row-outcomes", str(outcomes)),
                    *("--row-cases", ",".join(case.id for case in cases)),
                ],
                env={
                    **_ENVIRONMENT,
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                    "PYTEST_ADDOPTS": "",
                    "TMPDIR": str(outcomes.parent),
                    HELD: str(held),
                },
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours to pass on
                pass_fds=[held],
            )

    @property
    def running(self) -> bool:
        self.count += self._read.read().count(b"\n")
        return self._process.poll() is None

    def outcomes(self) -> list[Outcome]:
        """Give all that have been written to their end."""
        lines = self._outcomes.read_bytes().split(b"\n")[:-1]
        return [msgspec.json.decode(line, type=Outcome) for line in lines]

    def trouble(self) -> str | None:
        """Say what went wrong with this pytest, and give its last lines."""
        missing = self._wanted - len({(outcome.case, outcome.layer) for outcome in self.outcomes()})
        found = [f"{missing} of {self._wanted} outcomes are missing"] if missing else []
        if self._given_up:
            found.append("it took too long")
        elif self._process.returncode not in _USUAL:
            found.append(f"pytest ended with status {self._process.returncode}")
        if self._left:
            found.append("something that it started is still there")
        if not found:
            return None
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _TAIL))
            return f"{' and '.join(found)}. The end of its log:\n{excerpt(log.read())}"

    def interrupt(self) -> None:
        """Have it end: pytest stops its servers when it is interrupted."""
        self._given_up = True
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        """Wait until it is gone, and all that it has started: that ends with it, however it ends."""
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._left = not select.select([self._all_gone], [], [], GONE_DEADLINE)[0]

    def close(self) -> None:
        """Let go of what belongs to this process."""
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.close()
        self._read.close()
        os.close(self._all_gone)


class _RowRun:
    """The cases on one row, dealt out to its shards."""

    def __init__(self, row: Row, cases: Sequence[Case], folder: Path, shards: int) -> None:
        self.name = row.name
        self._row = row
        self._cases = [case for case in cases if row.runs(case)]
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
        return sum(shard.count for shard in self._shards)

    def has_ended(self) -> bool:
        """Tell whether the row is done, or has been given up."""
        running = [shard for shard in self._shards if shard.running]
        if running and time.monotonic() - self._began <= ROW_DEADLINE:
            return False
        for shard in running:
            shard.interrupt()
        self.wait()
        return True

    def interrupt(self) -> None:
        for shard in self._shards:
            shard.interrupt()

    def wait(self) -> None:
        for shard in self._shards:
            shard.wait()

    def close(self) -> None:
        for shard in self._shards:
            shard.close()

    def result(self, durations: int) -> RowResult:
        """Judge what has been measured."""
        found = (outcome for shard in self._shards for outcome in shard.outcomes())
        outcomes = {(outcome.case, outcome.layer): outcome for outcome in found}
        slow = sorted(outcomes.values(), key=lambda each: each.seconds, reverse=True)[:durations]
        return RowResult(
            row=self.name,
            version=self._row.server.version or "not installed",
            anysocket=version("anysocket"),
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            packages=_versions(self._row),
            seconds=round(time.monotonic() - self._began, 1),
            slowest=[Slow(each.case, each.layer, each.seconds) for each in slow],
            trouble=self._trouble(),
            cells=judge(
                self._cases,
                self._row.capabilities,
                outcomes,
                plain=self._row.plain,
                known=self._row.known_failures,
            ),
        )

    def _trouble(self) -> str | None:
        told = [
            f"Shard {number} of {len(self._shards)}: {trouble}"
            for number, shard in enumerate(self._shards, 1)
            if (trouble := shard.trouble()) is not None
        ]
        more = [f"And trouble with {len(told) - _TOLD} more of them."] if len(told) > _TOLD else []
        return "\n".join([*told[:_TOLD], *more]) or None


def _versions(row: Row) -> dict[str, str]:
    found = {} if row.proxy is None else {row.proxy.program: row.proxy.version}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
