"""Worker processes: one that dies is replaced, and all end when one says that it can't serve."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import traceback
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from time import monotonic
from types import FrameType
from typing import Final

from anysocket_adapters.options import Options
from anysocket_adapters.registry import choose
from anysocket_adapters.server import Server, ServerFailed
from anysocket_adapters.serving.last_resort import end_with_parent
from anysocket_adapters.serving.output import write_at_once
from anysocket_adapters.serving.served_app import from_environment
from anysocket_adapters.serving.workers import SIGNALS, work

_log = logging.getLogger("anysocket")

_CANT_SERVE: Final = 3
"""The exit status of a worker that has said why it can't serve."""

_KILL_MARGIN: Final = 1.75
"""Seconds after the graceful timeout in which a worker must end, before it is killed (contract L2)."""

_POLL: Final = 0.1
"""Seconds in which a second signal is noticed."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
"""Seconds before a worker is replaced. Each death doubles the pause."""

_STEADY: Final = 60.0
"""Seconds after which a worker's earlier deaths no longer count."""


def _work(name: str, listener: socket.socket) -> None:
    """Run as one of several workers."""
    end_with_parent()
    write_at_once()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor too; it sends SIGTERM
    try:
        work(choose(name), from_environment(), listener)
    except (ServerFailed, ValueError) as error:
        print(f"anysocket: {error}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    else:
        return
    sys.exit(_CANT_SERVE)


class _Worker:
    """A worker's place, which one process after another may have."""

    def __init__(self, name: str, arguments: tuple[str, socket.socket]) -> None:
        self._name = name
        self._arguments = arguments
        self._pause = _FIRST_PAUSE
        self._started = 0.0
        self.due: float = 0.0
        """When the process is to be started, in the time of `monotonic`."""
        self.process: BaseProcess | None = None
        """The process; None while there is none."""

    def start(self) -> None:
        """Start the process."""
        context = multiprocessing.get_context("spawn")
        self._started = monotonic()
        self.process = context.Process(target=_work, args=self._arguments, name=self._name)
        self.process.start()

    def replace(self, status: int | None) -> None:
        """Have another process take the place of this one, which has died."""
        now = monotonic()
        if now - self._started > _STEADY:
            self._pause = _FIRST_PAUSE
        _log.error("worker %s died: exit status %s. Another follows in %g s", self._name, status, self._pause)
        self.process, self.due = None, now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


class Supervisor:
    """Keeps the workers running, passes signals on, and leaves none behind."""

    def __init__(self, server: Server, options: Options, listener: socket.socket) -> None:
        self._grace = options.graceful_timeout
        self._deadline = float("inf")
        """When those that are left are killed: infinite until a signal has come."""
        self._woken, self._wake = os.pipe()
        self._workers = [
            _Worker(f"{server.name}-{n}", (server.name, listener)) for n in range(1, options.workers + 1)
        ]

    def run(self) -> None:
        """Serve the app that `served_app.from_environment` gives, until SIGINT or SIGTERM.

        Raises:
            ServerFailed: a worker can't serve.
        """
        for number in SIGNALS:
            signal.signal(number, self._stop)
        failure: ServerFailed | None = None
        try:
            self._keep_running()
        except ServerFailed as error:
            failure = error
            self._end_within(0.0)
        self._end()
        os.close(self._woken)
        if failure is not None:
            raise failure

    def _keep_running(self) -> None:
        """Start and replace workers until a signal comes."""
        while not self._stopping:
            now = monotonic()
            for worker in self._workers:
                if worker.process is None and worker.due <= now and not self._stopping:
                    worker.start()
            if self._stopping:  # by a signal that came while one was starting
                self._end_within(self._grace)
                return
            waiting = [each.due for each in self._workers if each.process is None]
            running = [each.process.sentinel for each in self._workers if each.process is not None]
            wait([self._woken, *running], max(0.0, min(waiting) - now) if waiting else None)
            for worker in self._workers:
                process = worker.process
                if process is None or process.is_alive() or self._stopping:
                    continue
                if process.exitcode == _CANT_SERVE:
                    raise ServerFailed(f"worker {process.name} can't serve: see its log")
                worker.replace(process.exitcode)

    def _end(self) -> None:
        """Wait for the workers, and kill those that are late."""
        while running := [each for each in self._processes if each.is_alive()]:
            if (left := self._deadline - monotonic()) <= 0:
                for process in running:
                    process.kill()
                    process.join()
            else:
                wait([each.sentinel for each in running], min(left, _POLL))

    @property
    def _stopping(self) -> bool:
        return self._deadline < float("inf")

    @property
    def _processes(self) -> list[BaseProcess]:
        return [each.process for each in self._workers if each.process is not None]

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._end_within(0.0 if self._stopping else self._grace)
        os.write(self._wake, b"\0")  # `wait` goes on waiting after a signal

    def _end_within(self, seconds: float) -> None:
        """Have every worker end, at the latest in this time and the margin."""
        self._deadline = min(self._deadline, monotonic() + seconds + _KILL_MARGIN)
        for process in self._processes:
            if process.is_alive():
                process.terminate()
