"""Run the matrix: the cases on each row, in several pytest processes at a time."""

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
from anysocket_matrix.processes.inherited_pipe import INHERITED_PIPE
from anysocket_matrix.processes.output import excerpt
from anysocket_matrix.results.results import Outcome, Results, RowResult, Slow, judge
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.running.case_queue import fill, take

ROW_PYTESTS = 8
"""The maximum number of pytest processes for one row."""

WORTHWHILE = 50
"""The number of outcomes for each pytest of a row that is worth starting one more pytest and server."""


PACKAGES = ("websockets", "wsproto", "h11", "httptools", "uvloop", "anyio")
"""The packages, besides the server itself, that a row's behaviour depends on."""

ROW_DEADLINE = 600.0
"""Seconds that one row may take before it is given up."""

STOP_DEADLINE = 20.0
"""Seconds for a pytest to stop its server and itself."""

GONE_DEADLINE = 5.0
"""Seconds for a server to end after its pytest."""

_POLL = 0.1
"""Seconds between two checks on the pytest processes; a check costs time that their cases need."""

_COMPLETED = (0, 1)
"""The exit statuses of a pytest that has run its cases, whatever their outcomes."""

_TAIL = 64 * 1024
"""Bytes at the end of a log in which its last lines are looked for."""

_REPORTED = 3
"""The maximum number of pytest processes whose trouble is reported in full."""

_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""With bytecode caches: a run starts hundreds of Pythons, and without them each compiles all of anysocket."""

Progress = Callable[[str, int], None]
"""Called with a row's name and its number of outcomes so far."""


def run_matrix(
    rows: Sequence[Row], cases: Sequence[Case], progress: Progress, *, durations: int, jobs: int
) -> Results:
    """Run cases on rows, with up to `jobs` pytests at a time, and list the slowest cases of each row.

    A row that can't be run to its end fails only its own cells, and says why. No process is left
    behind, however the run ends.
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
                        row.add_pytest()
                time.sleep(_POLL)
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
    """Turns SIGINT and SIGTERM into a KeyboardInterrupt at a point where no work is half done."""

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
    """One pytest process of a row, with its own servers."""

    def __init__(self, row: Row, cases: Sequence[Case], queue: int, outcomes: Path) -> None:
        self._outcomes = outcomes
        self._outcomes.touch()
        self._read = self._outcomes.open("rb")
        self._log = outcomes.with_suffix(".log")
        self._interrupted = False
        self._left = False
        self.count = 0
        """Number of outcomes so far."""
        self._all_gone, inherited = os.pipe()
        with self._log.open("wb") as log, os.fdopen(inherited):
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", *sorted({str(case.file) for case in cases})),
                    *("-p", "anysocket_matrix.running.pytest_options", "-p", "no:cacheprovider"),
                    *("-c", os.devnull, "--rootdir", str(CASES_FOLDER), "-q"),
                    *("--assert=plain", "--tb=native"),  # other modes analyse each file, which takes time
                    "--capture=no",  # a pytest ends with the run: its standard input is a pipe from the run
                    *("--row", row.name, "--row-outcomes", str(outcomes)),
                    *("--row-cases", ",".join(case.id for case in cases), "--row-queue", str(queue)),
                ],
                env={
                    **_ENVIRONMENT,
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                    "PYTEST_ADDOPTS": "",
                    "TMPDIR": str(outcomes.parent),
                    INHERITED_PIPE: str(inherited),
                },
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the run forwards Ctrl-C itself
                pass_fds=[inherited, queue],
            )

    @property
    def running(self) -> bool:
        self.count += self._read.read().count(b"\n")
        return self._process.poll() is None

    def outcomes(self) -> list[Outcome]:
        """Return all outcomes that have been written completely."""
        lines = self._outcomes.read_bytes().split(b"\n")[:-1]
        return [msgspec.json.decode(line, type=Outcome) for line in lines]

    def trouble(self) -> str | None:
        """Return what went wrong with this pytest and the end of its log, or None."""
        found: list[str] = []
        if self._interrupted:
            found.append("took too long")
        elif self._process.returncode not in _COMPLETED:
            found.append(f"ended with status {self._process.returncode}")
        if self._left:
            found.append("left processes behind")
        if not found:
            return None
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _TAIL))
            return f"{' and '.join(found)}. The end of its log:\n{excerpt(log.read())}"

    def interrupt(self) -> None:
        """Interrupt pytest, which then stops its servers."""
        self._interrupted = True
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        """Wait until the pytest and every process that it started are gone; these end with it."""
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._left = not select.select([self._all_gone], [], [], GONE_DEADLINE)[0]

    def close(self) -> None:
        """Close the files of this process."""
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.close()
        self._read.close()
        os.close(self._all_gone)


class _RowRun:
    """The cases on one row, which the row's pytest processes take from one queue."""

    def __init__(self, row: Row, cases: Sequence[Case], folder: Path) -> None:
        self.name = row.name
        self._row = row
        self._cases = [case for case in cases if row.runs(case)]
        # The slowest cases come first, so that no process waits for them at the end.
        self._queued = sorted(self._cases, key=lambda case: case.layers != LIFECYCLE_LAYERS)
        self._queue = fill(len(self._queued))
        self._wanted = sum(len(case.layers_of(plain=row.plain)) for case in self._cases)
        self._folder = folder
        self._all: list[_Pytest] = []
        self._began = 0.0

    def start(self) -> None:
        self._began = time.monotonic()
        if self._queued:
            self.add_pytest()

    def add_pytest(self) -> None:
        """Start one more pytest."""
        outcomes = self._folder / f"{self.name}-{len(self._all)}.jsonl"
        self._all.append(_Pytest(self._row, self._queued, self._queue, outcomes))

    @property
    def pytests(self) -> int:
        """The number of pytest processes that run."""
        return sum(each.running for each in self._all)

    @property
    def share(self) -> float:
        """The number of outcomes that each pytest would have left if there were one more."""
        if len(self._all) == ROW_PYTESTS or self.pytests < len(self._all):
            return 0  # one that has ended has found the queue empty, or had trouble
        return (self._wanted - self.count()) / (len(self._all) + 1)

    def count(self) -> int:
        """Return the number of outcomes so far."""
        return sum(each.count for each in self._all)

    def has_ended(self) -> bool:
        """Return whether the row is done or given up."""
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
        """Compare the measured outcomes with the declarations."""
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
        """Return the measured outcomes; for cases that weren't tried any more, the reason."""
        found = [outcome for each in self._all for outcome in each.outcomes()]
        outcomes = {(outcome.case, outcome.layer): outcome for outcome in found}
        given_up = next((outcome.given_up for outcome in found if outcome.given_up), None)
        while given_up and (number := take(self._queue)) is not None:
            case = self._queued[number]
            for layer in case.layers_of(plain=self._row.plain):
                outcomes[case.id, layer] = Outcome(case.id, layer, given_up)
        return outcomes

    def _trouble(self, missing: int) -> str | None:
        troubles = [
            f"Pytest {number} of {len(self._all)} {trouble}"
            for number, each in enumerate(self._all, 1)
            if (trouble := each.trouble()) is not None
        ]
        lines = [
            *([f"{missing} of {self._wanted} outcomes are missing."] if missing else []),
            *troubles[:_REPORTED],
            *([f"{len(troubles) - _REPORTED} more had trouble."] if len(troubles) > _REPORTED else []),
        ]
        return "\n".join(lines) or None


def _versions(row: Row) -> dict[str, str]:
    found = {} if row.proxy is None else {row.proxy.program: row.proxy.version}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
