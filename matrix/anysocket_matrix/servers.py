"""The rows of the matrix: real servers in processes of their own, on free ports."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from anysocket_adapters import Server

START_DEADLINE = 30.0
STOP_DEADLINE = 5.0

_READY = re.compile(rb"^anysocket: .* is ready on (\S+)$", re.MULTILINE)


class NotServing(Exception):
    """A server didn't start, or has died; the message ends with its log."""


class RunningServer:
    """An app on a server, started as `anysocket serve` starts it; stopped with its `with` block."""

    def __init__(self, server: Server, target: str, *options: str) -> None:
        self.server = server
        self._log = tempfile.NamedTemporaryFile(prefix="anysocket-", suffix=".log")  # noqa: SIM115
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "anysocket_matrix", "serve", target),
                *("--server", server.name, "--port", "0", "--graceful-timeout", "1"),
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its workers end with it
        )
        try:
            self.url: str = self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self) -> str:
        until = time.monotonic() + START_DEADLINE
        while time.monotonic() < until:
            if ready := _READY.search(self._read_log()):
                return ready[1].decode()
            if self._process.poll() is not None:
                raise NotServing(f"{self.server.name} ended with {self._process.returncode}\n{self.log()}")
            time.sleep(0.01)
        raise NotServing(f"{self.server.name} wasn't ready within {START_DEADLINE:g} s\n{self.log()}")

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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
