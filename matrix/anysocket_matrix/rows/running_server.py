"""A server of a row, in a process of its own, on a free port.

A server ends with the process that started it, however that process ends: see `tethered`.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import urlsplit

from anysocket_adapters.options import OptionValues
from anysocket_matrix.peer.peer import Peer
from anysocket_matrix.peer.wire import Mismatch
from anysocket_matrix.processes.inherited_pipe import held
from anysocket_matrix.processes.output import LIMIT, Printed, excerpt
from anysocket_matrix.processes.tethered_server import written
from anysocket_matrix.rows.rows import Row

START_DEADLINE = 30.0
STOP_DEADLINE = 5.0

_ARRIVAL = 0.5
"""Seconds for the last output of a process to arrive after its end."""

_READY = re.compile(rb"^anysocket: .* is ready on (wss?://127\.0\.0\.1:\d+)$", re.MULTILINE)


class NotServing(Exception):
    """A server didn't start, has died, or isn't tried any more."""

    def __init__(self, why: str, log: str) -> None:
        self.why: str = why
        self.log: str = log
        """The end of the server's output."""
        super().__init__(f"{why}\n{log}")


class RunningServer:
    """An app on a server, started like `anysocket serve`; the end of its `with` block stops it."""

    def __init__(self, row: Row, target: str, **options: Unpack[OptionValues]) -> None:
        self.row = row
        self._files = ExitStack()
        self._sent: str | None = None
        values = OptionValues(loop=row.loop, port=0, graceful_timeout=1)
        if row.tls:
            values.update(self._certificate())
        values.update(options)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "anysocket_matrix.processes.tethered_server"),
                *(target, row.server.name, written(values)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its workers end with it
            pass_fds=held(),
        )
        assert self._process.stdout is not None  # a pipe
        self._printed = Printed(self._process.stdout, _READY, self._kill)

    @cached_property
    def url(self) -> str:
        """The actual address, once the server is ready.

        Raises:
            NotServing: the server ended instead, or takes too long.
        """
        if not self._printed.wait_for(lambda: self._ready is not None or not self.alive, START_DEADLINE):
            raise NotServing(f"{self.row.name} wasn't ready within {START_DEADLINE:g} s", self.log())
        if self._ready is None:
            raise NotServing(f"{self.state} before it was ready", self.log())
        return self._ready

    @property
    def _ready(self) -> str | None:
        """Return the address of the ready line that accepts connections; other output may look like one."""
        said = (each.decode(errors="replace") for each in self._printed.found)
        return next((url for url in said if _takes_connections(url)), None)

    def _certificate(self) -> OptionValues:
        """Issue a self-signed certificate that exists as long as the server runs."""
        import trustme  # most rows need none, and its import is slow

        issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
        certificate, key = issued.cert_chain_pems[0], issued.private_key_pem
        return {
            "tls_certificate": Path(self._files.enter_context(certificate.tempfile())),
            "tls_key": Path(self._files.enter_context(key.tempfile())),
        }

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def answers(self) -> bool:
        """Whether the process still runs and accepts connections; its worker may have died."""
        return _takes_connections(self.url) and self.alive

    @property
    def state(self) -> str:
        """How the process has ended, or that it hasn't."""
        if self._printed.count > LIMIT:
            return f"{self.row.name} was killed because it printed more than {LIMIT // 1024 // 1024} MiB"
        if self.alive:
            how = f"still runs after {self._sent}" if self._sent else "doesn't answer any more"
            return f"{self.row.name} {how}"
        status = self._process.returncode
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
        return f"{self.row.name} {how}"

    @property
    def asked_to_end(self) -> bool:
        """Whether a signal has been sent."""
        return self._sent is not None

    def ends(self, within: float) -> bool:
        """Wait for the end of the process; return whether it comes in time."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within)
        return not self.alive

    def log(self) -> str:
        """Return the last lines of the server's output."""
        if not self.alive:
            self._printed.wait_for_the_end(_ARRIVAL)
        return excerpt(self._printed.read())

    def connect(self, path: str) -> Peer:
        """Connect a peer, over this row's version of HTTP."""
        return Peer.connect(self.url + path, http2=self.row.http2)

    def says(self, text: str, within: float = START_DEADLINE) -> None:
        """Wait until the server or its app has printed this text.

        Raises:
            Mismatch: it hasn't in time.
        """
        if not self._printed.wait_for(lambda: text.encode() in self._printed.read(), within):
            raise Mismatch(f"{text!r} in the server's log within {within:g} s", "no such line")

    def terminate(self) -> None:
        """Send SIGTERM, as a supervisor does."""
        self._sent = "SIGTERM"
        self._process.terminate()

    def interrupt(self) -> None:
        """Send SIGINT to all of the server's processes, as Ctrl-C does."""
        self._sent = "SIGINT"
        os.killpg(self._process.pid, signal.SIGINT)

    def wait(self, within: float) -> int:
        """Wait until all of the server's processes have ended, and return the exit status.

        Raises:
            Mismatch: a process is left after that time.
        """
        until = time.monotonic() + within
        while not self.ends(until - time.monotonic()) or self._processes():
            if time.monotonic() > until:
                status = "no exit status" if self.alive else f"exit status {self._process.returncode}"
                left = f"processes {self._processes()} are left"
                raise Mismatch(f"the end of all its processes within {within:g} s", f"{status}; {left}")
            self._printed.wait_for_the_end(0.1)
        return self._process.returncode

    def _processes(self) -> list[int]:
        """Return the processes of its group that still exist."""
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return []
        except PermissionError:  # macOS says so of processes that have ended and haven't been waited for
            pass
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
        )
        found = [line.split() for line in listed.stdout.splitlines()]
        return [int(pid) for pid, group, stat in found if int(group) == self._process.pid and stat[0] != "Z"]

    def stop(self) -> None:
        """Terminate the server, kill it after a deadline, and leave no process of its session."""
        if self.alive:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_DEADLINE)
        self._kill()
        self._process.wait()
        self._printed.wait_for_the_end(STOP_DEADLINE)
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.close()
        self._files.close()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _takes_connections(url: str) -> bool:
    try:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), 1):
            return True
    except (OSError, ValueError):
        return False
