"""A child process in its own session, with its output; it ends together with this process."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from anysocket_matrix.processes.inherited_pipe import inherited_pipe
from anysocket_matrix.processes.output import Output, excerpt

STOP_DEADLINE = 5.0
"""Seconds for a process to end after it was asked to."""

_ARRIVAL = 0.5
"""Seconds for the last output of a process to arrive after its end."""

_NEVER = re.compile(rb"(?!)")


class TetheredProcess:
    """A module of Python in a process of its own; the end of its `with` block stops it.

    Args:
        command: the module, which calls `tethered.watch`, and its arguments.
        ready: the pattern that `Output` looks for.
        environment: variables besides those of this process.
        pass_fds: descriptors that the process inherits.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        ready: re.Pattern[bytes] = _NEVER,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its children end with it
            pass_fds=[*pass_fds, *inherited_pipe()],
        )
        assert self._process.stdout is not None  # a pipe
        self._output = Output(self._process.stdout, ready, self._kill)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def log(self) -> str:
        """Return the last lines of the output."""
        if not self.alive:
            self._output.wait_for_the_end(_ARRIVAL)
        return excerpt(self._output.read())

    def stop(self) -> None:
        """Ask the process to end, kill it after a deadline, and leave no process of its session."""
        if self.alive:
            self._ask_to_end()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_DEADLINE)
        self._kill()
        self._process.wait()
        self._output.wait_for_the_end(STOP_DEADLINE)
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.close()

    def _ask_to_end(self) -> None:
        self._process.terminate()

    def _kill(self) -> None:
        self._signal_session(signal.SIGKILL)

    def _signal_session(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def group_members(group: int) -> list[int]:
    """Return the processes of a group that still run."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    except PermissionError:  # macOS says so of processes that have ended and haven't been waited for
        pass
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
    )
    found = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, its_group, stat in found if int(its_group) == group and stat[0] != "Z"]
