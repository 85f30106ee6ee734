"""An inbox that takes note of when messages come, for the limits that are about time.

Only a connection with such a limit has one: without, a message costs nothing more.
"""

import asyncio
import math
from typing import Final

from anysocket_protocol.frames import ErrorCode, FrameError
from anysocket_protocol.inbox import Inbox
from anysocket_protocol.settings import Limits

_WINDOW: Final = 1.0
"""Seconds in which the messages are counted."""


class MeteredInbox(Inbox):
    """Unread messages, of which no more come in a second than the limits allow."""

    __slots__ = ("_counted", "_counted_size", "_last", "_limits", "_opened", "_window_ends")

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        super().__init__(loop)
        self._limits = limits
        self._opened = self._last = self._window_ends = -math.inf
        self._counted = self._counted_size = 0

    def open(self) -> None:
        """Begin the life of the connection."""
        self._opened = self._last = self._loop.time()

    def put(self, message: str | bytes) -> None:
        """Add a message.

        Raises:
            FrameError: it is one too many for this second (1008).
        """
        limits, now = self._limits, self._loop.time()
        self._last = now
        if now >= self._window_ends:
            self._window_ends, self._counted, self._counted_size = now + _WINDOW, 0, 0
        self._counted += 1
        self._counted_size += len(message)
        if limits.max_rate is not None and self._counted > limits.max_rate:
            raise FrameError(ErrorCode.POLICY_VIOLATION, f"more than {limits.max_rate} messages a second")
        if limits.max_rate_size is not None and self._counted_size > limits.max_rate_size:
            raise FrameError(ErrorCode.POLICY_VIOLATION, f"more than {limits.max_rate_size} bytes a second")
        super().put(message)

    def ends(self) -> tuple[float, str]:
        """Give the time at which the connection is to end, and the reason."""
        limits = self._limits
        silent = self._last + (math.inf if limits.idle_timeout is None else limits.idle_timeout)
        old = self._opened + (math.inf if limits.max_lifetime is None else limits.max_lifetime)
        return (silent, "no message for too long") if silent < old else (old, "the connection is too old")
