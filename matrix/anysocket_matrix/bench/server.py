"""The process that serves one app: pinned to a CPU; it ends with the benchmark's process."""

import os
import signal
import socket
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from anysocket_matrix.bench import native
from anysocket_matrix.bench.apps import App
from anysocket_matrix.bench.cpu import Processes
from anysocket_matrix.processes.tethered_process import TetheredProcess
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.rows.running_server import NotServing, accepts_connections

START_DEADLINE = 30.0

_POLL = 0.02


class AppServer(TetheredProcess):
    """One app on one server; the end of its `with` block stops it.

    Args:
        row: the server.
        app: the app that it serves.
        cores: the CPUs that it may use.

    Raises:
        ValueError: the server's own command doesn't support the event loop.
    """

    def __init__(self, row: Row, app: App, cores: Sequence[int]) -> None:
        self.row = row
        self.app = app
        self._port = _free_port()
        self.command: Sequence[str] = native.command(row, app, self._port)
        command = ["anysocket_matrix.processes.tethered_command", sys.executable, "-m", *self.command]
        with pinned(cores):
            super().__init__(command)

    @property
    def url(self) -> str:
        """The address that it listens on."""
        return f"ws://127.0.0.1:{self._port}"

    def processes(self) -> Processes:
        """Wait until it accepts connections, and return its processes.

        Raises:
            NotServing: it ended instead, or takes too long.
        """
        until = time.monotonic() + START_DEADLINE
        while not accepts_connections(self.url):
            if not self.alive:
                raise NotServing(f"{self.name} ended with status {self._process.returncode}", self.log())
            if time.monotonic() > until:
                raise NotServing(f"{self.name} wasn't ready within {START_DEADLINE:g} s", self.log())
            time.sleep(_POLL)
        return Processes(self._process.pid)

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{self.app.name} on {self.row.name}"

    def _ask_to_end(self) -> None:
        self._signal_session(signal.SIGTERM)


@contextmanager
def pinned(cores: Sequence[int]) -> Generator[None, None, None]:
    """Start processes on these CPUs alone, or on any if the system doesn't support that."""
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
    """Return the CPUs of the servers and those of the client: one each, if there are two."""
    if sys.platform != "linux":
        return (), ()
    available = sorted(os.sched_getaffinity(0))
    return available[:1], available[-1:]


def _free_port() -> int:
    """Find a free port. If another process takes it, the server doesn't start and says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
