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

from anysocket_matrix.case import CASES_FOLDER, LIFECYCLE_LAYERS, Case, Layer
from anysocket_matrix.processes.inherited_pipe import HELD
from anysocket_matrix.processes.output import excerpt
from anysocket_matrix.results.results import Outcome, Results, RowResult, Slow, judge
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.running.case_queue import fill, take

ROW_PYTESTS = 8
"""Pytests for one row at most."""

WORTHWHILE = 50
"""Outcomes for each of a row's pytests that make one more worth its start, and its server's."""


PACKAGES = ("websockets", "wsproto", "h11", "httptools", "uvloop", "anyio")
"""What decides, besides the server itself, how a row behaves."""

ROW_DEADLINE = 600.0
"""Seconds that one row may take before it is given up."""

STOP_DEADLINE = 20.0
"""Seconds that a pytest may take to stop its server and itself."""

GONE_DEADLINE = 5.0
"""Seconds that a server may take to end after its pytest."""

_LOOK = 0.1
"""Seconds between two looks at what the pytests have done, which cost time that their cases need."""

_USUAL = (0, 1)
"""How a pytest ends that has run its cases, whatever their outcome."""

_TAIL = 64 * 1024
"""Bytes of a log in which its last lines are looked for."""

_TOLD = 3
"""So many pytests are told of, when there is trouble with more."""

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
    with _Stop() as stop, tempfile.TemporaryDirectory(prefix="anysocket-matrix-") as folder:
        every = [_RowRun(row, cases, Path(folder)) for row in rows]
        waiting, running = [*every], list[_RowRun]()
        finished: dict[str, RowResult] = {}
        try:
            while waiting or running:
                for _ in range(jobs - sum(row.pytests for row in running)):
                    if waiting:
                        running.append(waiting.pop(0))
                        running[-1].start()
                    elif (row := max(running, key=lambda row: row.share)).share >= WORTHWHILE:
                        row.help()
                time.sleep(_LOOK)
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
            for row in every:
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


class _Pytest:
    """One of those that run a row's cases, with servers of its own."""

    def __init__(self, row: Row, cases: Sequence[Case], queue: int, outcomes: Path) -> None:
        self._outcomes = outcomes
        self._outcomes.touch()
        self._read = self._outcomes.open("rb")
        self._log = outcomes.with_suffix(".log")
        self._interrupted = False
        self._left = False
        self.count = 0
        """Outcomes so far."""
        self._all_gone, held = os.pipe()
        with self._log.open("wb") as log, os.fdopen(held):
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", *sorted({str(case.file) for case in cases})),
                    *("-p", "anysocket_matrix.running.pytest_options", "-p", "no:cacheprovider"),
                    *("-c", os.devnull, "--rootdir", str(CASES_FOLDER), "-q"),
                    *("--assert=plain", "--tb=native"),  # the others cost the analysis of each file
                    "--capture=no",  # it ends with the run, which it sees at its standard input
                    *("--row", row.name, "--row-outcomes", str(outcomes)),
                    *("--row-cases", ",".join(case.id for case in cases), "--row-queue", str(queue)),
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
                pass_fds=[held, queue],
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
        found: list[str] = []
        if self._interrupted:
            found.append("took too long")
        elif self._process.returncode not in _USUAL:
            found.append(f"ended with status {self._process.returncode}")
        if self._left:
            found.append("left something that it had started")
        if not found:
            return None
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _TAIL))
            return f"{' and '.join(found)}. The end of its log:\n{excerpt(log.read())}"

    def interrupt(self) -> None:
        """Have it end: pytest stops its servers when it is interrupted."""
        self._interrupted = True
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
    """The cases on one row, which its pytests take from one queue."""

    def __init__(self, row: Row, cases: Sequence[Case], folder: Path) -> None:
        self.name = row.name
        self._row = row
        self._cases = [case for case in cases if row.runs(case)]
        # What takes longest comes first, so that nobody waits for it in the end.
        self._queued = sorted(self._cases, key=lambda case: case.layers != LIFECYCLE_LAYERS)
        self._queue = fill(len(self._queued))
        self._wanted = sum(len(case.over(plain=row.plain)) for case in self._cases)
        self._folder = folder
        self._all: list[_Pytest] = []
        self._began = 0.0

    def start(self) -> None:
        self._began = time.monotonic()
        if self._queued:
            self.help()

    def help(self) -> None:
        """Start a pytest, or one more."""
        outcomes = self._folder / f"{self.name}-{len(self._all)}.jsonl"
        self._all.append(_Pytest(self._row, self._queued, self._queue, outcomes))

    @property
    def pytests(self) -> int:
        """How many of them run."""
        return sum(each.running for each in self._all)

    @property
    def share(self) -> float:
        """How many outcomes each of its pytests had before it if there were one more."""
        if len(self._all) == ROW_PYTESTS or self.pytests < len(self._all):
            return 0  # one that has ended has found the end of the queue, or trouble
        return (self._wanted - self.count()) / (len(self._all) + 1)

    def count(self) -> int:
        """Tell how many outcomes there are."""
        return sum(each.count for each in self._all)

    def has_ended(self) -> bool:
        """Tell whether the row is done, or has been given up."""
        running = [each for each in self._all if each.running]
        if running and time.monotonic() - self._began <= ROW_DEADLINE:
            return False
        for each in running:
            each.interrupt()
        self.wait()
        return True

    def interrupt(self) -> None:
        for each in self._all:
            each.interrupt()

    def wait(self) -> None:
        for each in self._all:
            each.wait()

    def close(self) -> None:
        for each in self._all:
            each.close()
        os.close(self._queue)

    def result(self, durations: int) -> RowResult:
        """Judge what has been measured."""
        outcomes = self._outcomes()
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
            trouble=self._trouble(self._wanted - len(outcomes)),
            cells=judge(
                self._cases,
                self._row.capabilities,
                outcomes,
                plain=self._row.plain,
                known=self._row.known_failures,
            ),
        )

    def _outcomes(self) -> dict[tuple[str, Layer], Outcome]:
        """Give what has been measured, and of the cases that nobody tried any more, why."""
        found = [outcome for each in self._all for outcome in each.outcomes()]
        outcomes = {(outcome.case, outcome.layer): outcome for outcome in found}
        given_up = next((outcome.given_up for outcome in found if outcome.given_up), None)
        while given_up and (number := take(self._queue)) is not None:
            case = self._queued[number]
            for layer in case.over(plain=self._row.plain):
                outcomes[case.id, layer] = Outcome(case.id, layer, given_up)
        return outcomes

    def _trouble(self, missing: int) -> str | None:
        told = [
            f"Pytest {number} of {len(self._all)} {trouble}"
            for number, each in enumerate(self._all, 1)
            if (trouble := each.trouble()) is not None
        ]
        lines = [
            *([f"{missing} of {self._wanted} outcomes are missing."] if missing else []),
            *told[:_TOLD],
            *([f"And trouble with {len(told) - _TOLD} more of them."] if len(told) > _TOLD else []),
        ]
        return "\n".join(lines) or None


def _versions(row: Row) -> dict[str, str]:
    found = {} if row.proxy is None else {row.proxy.program: row.proxy.version}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
