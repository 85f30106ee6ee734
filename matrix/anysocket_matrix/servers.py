"""The rows of the matrix: real servers in processes of their own, on free ports."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import trustme

from anysocket_matrix.peer import Peer
from anysocket_matrix.rows import Row
from anysocket_matrix.wire import Mismatch

START_DEADLINE = 30.0
STOP_DEADLINE = 5.0

_READY = re.compile(rb"^anysocket: .* is ready on (\S+)$", re.MULTILINE)


class NotServing(Exception):
    """A server didn't start, or has died; the message ends with its log."""


class RunningServer:
    """An app on a server, started as `anysocket serve` starts it; stopped with its `with` block."""

    def __init__(self, row: Row, target: str, *options: str) -> None:
        self.row = row
        self._files = ExitStack()
        self._log = tempfile.NamedTemporaryFile(prefix="anysocket-", suffix=".log")  # noqa: SIM115
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "anysocket_matrix", "serve", target),
                *("--server", row.server.name, "--loop", row.loop, "--port", "0", "--graceful-timeout", "1"),
                *(self._certificate() if row.tls else ()),
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its workers end with it
        )

    @cached_property
    def url(self) -> str:
        """The real address, once the server is ready.

        Raises:
            NotServing: it ended instead, or takes too long.
        """
        until = time.monotonic() + START_DEADLINE
        while time.monotonic() < until:
            if ready := _READY.search(self._read_log()):
                return ready[1].decode()
            if self._process.poll() is not None:
                raise NotServing(f"{self.row.name} ended with {self._process.returncode}\n{self.log()}")
            time.sleep(0.01)
        raise NotServing(f"{self.row.name} wasn't ready within {START_DEADLINE:g} s\n{self.log()}")

    def _certificate(self) -> Iterator[str]:
        """Issue a certificate that nobody trusts, for as long as the server runs."""
        issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
        certificate, key = issued.cert_chain_pems[0], issued.private_key_pem
        yield from ("--tls-certificate", self._files.enter_context(certificate.tempfile()))
        yield from ("--tls-key", self._files.enter_context(key.tempfile()))

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def answers(self) -> bool:
        """Whether the process still runs and takes connections: its worker may have died."""
        parts = urlsplit(self.url)
        try:
            with socket.create_connection((parts.hostname, parts.port), 1):
                return self.alive
        except OSError:
            return False

    def log(self, lines: int = 30) -> str:
        """Give the last lines that the server printed."""
        return b"\n".join(self._read_log().splitlines()[-lines:]).decode(errors="replace")

    def _read_log(self) -> bytes:
        return Path(self._log.name).read_bytes()

    def connect(self, path: str) -> Peer:
        """Connect a peer, over this row's version of HTTP."""
        return Peer.connect(self.url + path, http2=self.row.http2)

    def says(self, text: str, within: float = START_DEADLINE) -> None:
        """Wait until the server, or its app, has printed something.

        Raises:
            Mismatch: it hasn't in time.
        """
        until = time.monotonic() + within
        while text.encode() not in self._read_log():
            if time.monotonic() > until:
                raise Mismatch(f"{text!r} printed within {within:g} s", self.log())
            time.sleep(0.01)

    def terminate(self) -> None:
        """Send SIGTERM, as a supervisor does."""
        self._process.terminate()

    def interrupt(self) -> None:
        """Press Ctrl-C: SIGINT for all of the server's processes."""
        os.killpg(self._process.pid, signal.SIGINT)

    def wait(self, within: float) -> int:
        """Wait for the exit status, and for the last of its processes to be gone.

        Raises:
            Mismatch: something is left after that time.
        """
        until = time.monotonic() + within
        while (status := self._process.poll()) is None or self._processes():
            if time.monotonic() > until:
                raise Mismatch(f"the end within {within:g} s", f"status {status}, {self._processes()} left")
            time.sleep(0.01)
        return status

    def _processes(self) -> list[int]:
        """Give the processes of its group that are still there."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
        )
        found = [line.split() for line in listed.stdout.splitlines()]
        return [int(pid) for pid, group, stat in found if int(group) == self._process.pid and stat[0] != "Z"]

    def stop(self) -> None:
        """End the server as a supervisor does: ask, wait, kill, and leave nothing of its session."""
        if self.alive:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_DEADLINE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
