"""The CPU time of a process and its children, user and system time together."""

import sys
import time
from collections.abc import Sequence

import psutil

_CLOCK_OF_PROCESS = 2
"""Linux: CPUCLOCK_SCHED, nanoseconds of all threads; the times in /proc are in hundredths of a second."""


class Processes:
    """A process and the children that it had when it became ready.

    Args:
        pid: the parent process.
    """

    def __init__(self, pid: int) -> None:
        parent = psutil.Process(pid)
        self._processes: Sequence[psutil.Process] = [parent, *parent.children(recursive=True)]

    @property
    def cpu(self) -> float:
        """Seconds so far.

        Raises:
            ProcessLookupError: one of them has ended.
        """
        return sum(map(_cpu, self._processes))

    @property
    def memory(self) -> int:
        """Bytes that belong to these processes alone (USS).

        Raises:
            ProcessLookupError: one of them has ended.
        """
        try:
            return sum(process.memory_full_info().uss for process in self._processes)
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(str(error)) from None


def _cpu(process: psutil.Process) -> float:
    try:
        if sys.platform == "linux":
            # The value of clock_getcpuclockid(3), which Python doesn't have.
            return time.clock_gettime(~process.pid << 3 | _CLOCK_OF_PROCESS)
        return process.cpu_times().user + process.cpu_times().system
    except (psutil.NoSuchProcess, OSError) as error:
        raise ProcessLookupError(f"process {process.pid} is gone") from error
