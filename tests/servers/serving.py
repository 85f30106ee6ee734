"""An app served by the command line, in its own process group, of which no process stays."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from anysocket_matrix.processes.tethered_process import group_members

ROOT = Path(__file__).parents[2]

START_DEADLINE = 30.0
READY = re.compile(r"^anysocket: (\S+) (\S+) is ready on (\S+)$", re.MULTILINE)


def command(target: str, *options: str) -> list[str]:
    """Return the command that serves an app."""
    return [sys.executable, "-m", "anysocket_matrix", "serve", target, *options]


class Serving:
    """A running server; its `with` block waits for the end of all its workers."""

    def __init__(self, log: Path, *arguments: str) -> None:
        """Serve with the options of `anysocket serve`."""
        self._start(log, command(*arguments), ROOT)

    @classmethod
    def by(cls, log: Path, *own_command: str) -> Self:
        """Serve with a server's own command."""
        return cls.run(log, sys.executable, "-m", *own_command)

    @classmethod
    def run(cls, log: Path, *arguments: str, cwd: Path = ROOT) -> Self:
        """Serve with any command."""
        serving = cls.__new__(cls)
        serving._start(log, arguments, cwd)
        return serving

    def _start(self, log: Path, arguments: Sequence[str], cwd: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                arguments,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ready(self) -> re.Match[str]:
        """Wait for the ready line."""
        until = time.monotonic() + START_DEADLINE
        while (found := READY.search(self.log())) is None:
            assert self._process.poll() is None, f"ended early:\n{self.log()}"
            assert time.monotonic() < until, f"not ready in time:\n{self.log()}"
            time.sleep(0.01)
        return found

    @property
    def is_running(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def url(self) -> str:
        """The address in the ready line."""
        return self.ready()[3]

    def log(self) -> str:
        """Return the output so far."""
        return self._log.read_text(errors="replace")

    def expect_output(self, text: str) -> None:
        """Wait until the server has printed this text."""
        until = time.monotonic() + START_DEADLINE
        while text not in self.log():
            assert time.monotonic() < until, self.log()
            time.sleep(0.01)

    def terminate(self) -> None:
        """Send SIGTERM, as a supervisor does."""
        self._process.terminate()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started, not to its workers."""
        self._process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Wait for the exit status."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout:g} s:\n{self.log()}") from None

    def wait_until_nothing_is_left(self, timeout: float) -> None:
        """Wait for the end of its last process, such as multiprocessing's resource tracker."""
        until = time.monotonic() + timeout
        while left := self.processes():
            assert time.monotonic() < until, f"left: {left}\n{self.log()}"
            time.sleep(0.01)

    def processes(self) -> list[int]:
        """Return the processes of the group that still run."""
        return group_members(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
