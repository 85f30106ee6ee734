"""The process that serves one app: pinned to a processor, ended with this one."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from anysocket_matrix.bench import native
from anysocket_matrix.bench.apps import App
from anysocket_matrix.bench.cpu import Processes
from anysocket_matrix.processes.inherited_pipe import held
from anysocket_matrix.processes.output import Printed, excerpt
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.rows.running_server import NotServing

START_DEADLINE = 30.0
STOP_DEADLINE = 5.0

_POLL = 0.02

_NOTHING = re.compile(rb"(?!)")


class AppServer:
    """One app on one server; stopped with its `with` block.

    Args:
        row: the server.
        app: what it serves.
        cores: the processors that it may use.

    Raises:
        ValueError: the server's command can't be had.
    """

    def __init__(self, row: Row, app: App, cores: Sequence[int]) -> None:
        self.row = row
        self.app = app
        self._port = _free_port()
        self.command: Sequence[str] = native.command(row, app, self._port)
        with pinned(cores):
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "anysocket_matrix.processes.tethered_command"),
                    *(sys.executable, "-m", *self.command),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its workers end with it
                pass_fds=held(),
            )
        assert self._process.stdout is not None  # a pipe
        self._printed = Printed(self._process.stdout, _NOTHING, self._kill)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"ws://127.0.0.1:{self._port}"

    def processes(self) -> Processes:
        """Wait until it takes connections, and give its processes.

        Raises:
            NotServing: it ended instead, or takes too long.
        """
        until = time.monotonic() + START_DEADLINE
        while not _takes_connections(self._port):
            if not self.alive:
                raise NotServing(f"{self.name} ended with {self._process.returncode}", self.log())
            if time.monotonic() > until:
                raise NotServing(f"{self.name} wasn't ready within {START_DEADLINE:g} s", self.log())
            time.sleep(_POLL)
        return Processes(self._process.pid)

    @property
    def name(self) -> str:
        """How errors call it."""
        return f"{self.app.name} on {self.row.name}"

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def log(self) -> str:
        """Give the last lines that it printed."""
        if not self.alive:
            self._printed.wait_for_the_end(_POLL)
        return excerpt(self._printed.read())

    def stop(self) -> None:
        """Ask it to end, and leave nothing of its session."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_DEADLINE)
        self._kill()
        self._process.wait()
        self._printed.wait_for_the_end(STOP_DEADLINE)
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.close()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def pinned(cores: Sequence[int]) -> Generator[None, None, None]:
    """Start processes on these processors alone; where the system can't, on any."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores() -> tuple[Sequence[int], Sequence[int]]:
    """Give the processors of the servers, and those of the client: one each, where there are two."""
    if sys.platform != "linux":
        return (), ()
    available = sorted(os.sched_getaffinity(0))
    return available[:1], available[-1:]


def _free_port() -> int:
    """Find a port; a server that another takes it from doesn't start, and says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _takes_connections(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
