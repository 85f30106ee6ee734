"""The output of a process: its end, within a size limit, in printable characters."""

import os
import re
import threading
import time
from collections.abc import Callable
from typing import IO

LIMIT = 16 * 1024 * 1024
"""Bytes that a process may print."""

_KEPT = 256 * 1024
"""Bytes of the output that are kept."""

_LONG = 200
"""Characters of a line that are reported."""

_FOUND = 10
"""The maximum number of matches to collect."""

_POLL = 0.1
"""Seconds between two checks for the end of the process, which isn't signalled."""


def excerpt(data: bytes, lines: int = 15) -> str:
    """Return the last lines, with unprintable characters such as escape sequences escaped."""
    last = data[-lines * _LONG * 4 :].splitlines()[-lines:]
    return "\n".join(printable(line.decode(errors="backslashreplace"))[:_LONG] for line in last)


def printable(text: str) -> str:
    """Escape unprintable characters, except line ends."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text.expandtabs()
    )


class Output:
    """Reads the output of a process, as long as any process holds the other end of the pipe.

    Args:
        pipe: the pipe that the process prints to.
        ready: a pattern to look for in all of the output, also in the part that isn't kept.
        too_much: called when the process has printed more than `LIMIT`.
    """

    def __init__(self, pipe: IO[bytes], ready: re.Pattern[bytes], too_much: Callable[[], None]) -> None:
        self.count: int = 0
        """Bytes so far."""
        self.found: list[bytes] = []
        """The pattern's group in each match, up to `_FOUND`."""
        self._pipe = pipe
        self._pattern = ready
        self._too_much = too_much
        self._kept = bytearray()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="anysocket-output", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        line = b""
        with self._pipe:
            while data := os.read(self._pipe.fileno(), 65536):
                whole, newline, line = (line + data).rpartition(b"\n")
                line = line[-_LONG:]
                with self._changed:
                    self.found += self._pattern.findall(whole + newline)[: _FOUND - len(self.found)]
                    self._kept += data
                    del self._kept[:-_KEPT]
                    self.count += len(data)
                    self._changed.notify_all()
                if self.count > LIMIT:
                    self._too_much()

    def read(self) -> bytes:
        """Return the part of the output that is kept."""
        with self._changed:
            return bytes(self._kept)

    def wait_for(self, condition: Callable[[], bool], within: float) -> bool:
        """Wait until a condition on the output or the process is true; return whether it is in time."""
        until = time.monotonic() + within
        with self._changed:
            while not condition():
                if (left := until - time.monotonic()) <= 0:
                    return False
                self._changed.wait(min(left, _POLL))
        return True

    def wait_for_the_end(self, within: float) -> bool:
        """Wait until no process holds the pipe any more; return whether that is so in time."""
        self._thread.join(within)
        return not self._thread.is_alive()
