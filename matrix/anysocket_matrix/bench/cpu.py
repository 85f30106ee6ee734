"""How much of a processor a process and its children have used, in user and in system time."""

import sys
import time
from collections.abc import Sequence

import psutil

_CLOCK_OF_PROCESS = 2
"""Linux: CPUCLOCK_SCHED, nanoseconds of all threads; times of /proc count hundredths of a second."""


class Processes:
    """A process and its children, as they were when it was found to be ready.

    Args:
        pid: the process that has started the others.
    """

    def __init__(self, pid: int) -> None:
        parent = psutil.Process(pid)
        self._processes: Sequence[psutil.Process] = [parent, *parent.children(recursive=True)]

    @property
    def cpu(self) -> float:
        """Seconds so far.

        Raises:
            ProcessLookupError: one of them is gone.
        """
        return sum(map(_cpu, self._processes))

    @property
    def memory(self) -> int:
        """Bytes that belong to these processes alone (USS).

        Raises:
            ProcessLookupError: one of them is gone.
        """
        try:
            return sum(process.memory_full_info().uss for process in self._processes)
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(str(error)) from None


def _cpu(process: psutil.Process) -> float:
    try:
        if sys.platform == "linux":
            # What clock_getcpuclockid(3) gives, which Python doesn't have.
            return time.clock_gettime(~process.pid << 3 | _CLOCK_OF_PROCESS)
        return process.cpu_times().user + process.cpu_times().system
    except (psutil.NoSuchProcess, OSError) as error:
        raise ProcessLookupError(f"process {process.pid} is gone") from error
