"""A server of a row, in a process of its own, on a free port.

A server ends with the process that started it, however that process ends: see `tethered`.
"""

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import Unpack
from urllib.parse import urlsplit

from anysocket_adapters.options import OptionValues, to_json
from anysocket_matrix.peer.peer import Peer
from anysocket_matrix.peer.wire import Mismatch
from anysocket_matrix.processes.output import LIMIT
from anysocket_matrix.processes.tethered_process import TetheredProcess, group_members
from anysocket_matrix.rows.rows import Row

START_DEADLINE = 30.0

_READY = re.compile(rb"^anysocket: .* is ready on (wss?://127\.0\.0\.1:\d+)$", re.MULTILINE)


class NotServing(Exception):
    """A server didn't start, has died, or isn't tried any more."""

    def __init__(self, why: str, log: str) -> None:
        self.why: str = why
        self.log: str = log
        """The end of the server's output."""
        super().__init__(f"{why}\n{log}")


class RunningServer(TetheredProcess):
    """An app on a server, started like `anysocket serve`; the end of its `with` block stops it."""

    def __init__(self, row: Row, target: str, **options: Unpack[OptionValues]) -> None:
        self.row = row
        self._files = ExitStack()
        self._sent: str | None = None
        values = OptionValues(loop=row.loop, port=0, graceful_timeout=1)
        if row.tls:
            values.update(self._certificate())
        values.update(options)
        super().__init__(
            ["anysocket_matrix.processes.tethered_server", target, row.server.name, to_json(values)],
            ready=_READY,
        )

    @cached_property
    def url(self) -> str:
        """The actual address, once the server is ready.

        Raises:
            NotServing: the server ended instead, or takes too long.
        """
        if not self._output.wait_for(lambda: self._ready is not None or not self.alive, START_DEADLINE):
            raise NotServing(f"{self.row.name} wasn't ready within {START_DEADLINE:g} s", self.log())
        if self._ready is None:
            raise NotServing(f"{self.state} before it was ready", self.log())
        return self._ready

    @property
    def _ready(self) -> str | None:
        """Return the address of the ready line that accepts connections; other output may look like one."""
        said = (each.decode(errors="replace") for each in self._output.found)
        return next((url for url in said if accepts_connections(url)), None)

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
    def answers(self) -> bool:
        """Whether the process still runs and accepts connections; its worker may have died."""
        return accepts_connections(self.url) and self.alive

    @property
    def state(self) -> str:
        """How the process has ended, or that it hasn't."""
        if self._output.count > LIMIT:
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

    def connect(self, path: str) -> Peer:
        """Connect a peer, over this row's version of HTTP."""
        return Peer.connect(self.url + path, http2=self.row.http2)

    def expect_output(self, text: str, within: float = START_DEADLINE) -> None:
        """Wait until the server or its app has printed this text.

        Raises:
            Mismatch: it hasn't in time.
        """
        if not self._output.wait_for(lambda: text.encode() in self._output.read(), within):
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
        while not self.ends(until - time.monotonic()) or group_members(self._process.pid):
            if time.monotonic() > until:
                status = "no exit status" if self.alive else f"exit status {self._process.returncode}"
                left = f"processes {group_members(self._process.pid)} are left"
                raise Mismatch(f"the end of all its processes within {within:g} s", f"{status}; {left}")
            self._output.wait_for_the_end(0.1)
        return self._process.returncode

    def stop(self) -> None:
        """Terminate the server, and leave no process of its session."""
        super().stop()
        self._files.close()


def accepts_connections(url: str) -> bool:
    """Return whether a connection to this address can be opened."""
    try:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), 1):
            return True
    except (OSError, ValueError):
        return False
