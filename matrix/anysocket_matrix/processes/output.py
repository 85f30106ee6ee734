"""What a process prints: its end, however much it is, in characters that harm nobody."""

import os
import re
import threading
import time
from collections.abc import Callable
from typing import IO

LIMIT = 16 * 1024 * 1024
"""Bytes that a process may print."""

_KEPT = 256 * 1024
"""Bytes of them that are kept."""

_LONG = 200
"""Characters of a line that are told."""

_FOUND = 10
"""So many matches are enough."""

_POLL = 0.1
"""Seconds between two looks at what nobody tells of: the end of a process."""


def excerpt(data: bytes, lines: int = 15) -> str:
    """Give the last lines, with all that isn't printable written out, such as escape sequences."""
    last = data[-lines * _LONG * 4 :].splitlines()[-lines:]
    return "\n".join(printable(line.decode(errors="backslashreplace"))[:_LONG] for line in last)


def printable(text: str) -> str:
    """Write out what isn't printable, but for the ends of lines."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text.expandtabs()
    )


class Printed:
    """Reads what a process prints, as long as anything holds the other end of the pipe.

    Args:
        pipe: where it prints to.
        ready: what to look for in all that it prints, also in what isn't kept.
        too_much: called when it has printed more than it may.
    """

    def __init__(self, pipe: IO[bytes], ready: re.Pattern[bytes], too_much: Callable[[], None]) -> None:
        self.count: int = 0
        """Bytes so far."""
        self.found: list[bytes] = []
        """What the pattern's group has found, at most a few times."""
        self._pipe = pipe
        self._pattern = ready
        self._too_much = too_much
        self._kept = bytearray()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="anysocket-printed", daemon=True)
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
        """Give what is kept."""
        with self._changed:
            return bytes(self._kept)

    def wait_for(self, condition: Callable[[], bool], within: float) -> bool:
        """Wait for a condition on what is printed, or on the process, and tell whether it has come true."""
        until = time.monotonic() + within
        with self._changed:
            while not condition():
                if (left := until - time.monotonic()) <= 0:
                    return False
                self._changed.wait(min(left, _POLL))
        return True

    def wait_for_the_end(self, within: float) -> bool:
        """Wait until nothing holds the pipe any more, and tell whether that is so."""
        self._thread.join(within)
        return not self._thread.is_alive()
