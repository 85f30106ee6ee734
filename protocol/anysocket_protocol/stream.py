"""Writing and reading bytes: one write for each read or turn, and pressure in both directions."""

import asyncio
import math
from asyncio.transports import BaseTransport, Transport
from typing import Final, cast

from anysocket_protocol.clock import clock
from anysocket_protocol.settings import Settings
from anysocket_protocol.state import CLOSED, OPEN, PEER_CLOSED, REQUESTED, RESPONDING, State
from anysocket_protocol.turn import turn

_HELD_SIZE: Final = 64 * 1024
"""Bytes that wait for the end of a read or a turn at most."""

_DRAINED: Final = (OPEN, PEER_CLOSED, RESPONDING)
"""The states in which what an application sends waits for the peer to read."""


class Stream(asyncio.Protocol):
    """A TCP connection, and the deadline that its state gives it.

    Args:
        settings: how it is served.
        loop: the event loop that it lives in.
    """

    __slots__ = (
        "_clock",
        "_drains",
        "_held",
        "_held_size",
        "_loop",
        "_lost",
        "_reading",
        "_settings",
        "_transport",
        "_turn",
        "_writing",
        "_written_in",
        "deadline",
        "state",
        "tick",
    )

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        self.state: State = REQUESTED
        self.deadline: float = math.inf
        self.tick: int | None = None
        self._settings = settings
        self._loop = loop
        self._clock = clock(loop)
        self._turn = turn(loop)
        self._transport: Transport | None = None
        """None before and after TCP."""
        self._lost: asyncio.Future[None] | None = None
        """Done when TCP has ended, where a task waits for that."""
        self._reading = True
        self._writing = True
        """Whether the peer reads what is written, but for what the transport buffers."""
        self._drains: list[asyncio.Future[None]] | None = None
        """The sends that wait for the peer to read."""
        self._held: list[bytes] | None = None
        """Bytes that wait for `release`; None while nothing is held back."""
        self._held_size = 0
        self._written_in = 0
        """The number of the last turn in which something was written."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("Transport", transport)  # a protocol of streams gets no other

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everything go that waits for the peer."""
        self.state = CLOSED
        self._clear_deadline()
        self._transport = self._held = None
        self._wake_drains()
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(None)

    def pause_writing(self) -> None:
        """Have sends wait."""
        self._writing = False

    def resume_writing(self) -> None:
        """Let the waiting sends go on."""
        self._writing = True
        self._wake_drains()

    def _write(self, data: bytes) -> None:
        """Write at once, or with what else is written within this read or this turn."""
        if self._held is None:
            number = self._turn.begin()
            if number != self._written_in:
                self._written_in = number
                if self._transport is not None:
                    self._transport.write(data)
                return
            self._hold()
            self._loop.call_soon(self.release)
        assert self._held is not None
        self._held.append(data)
        self._held_size += len(data)
        if self._held_size >= _HELD_SIZE:
            self.release()
            self._hold()

    def _write_uncopied(self, head: bytes, payload: bytes) -> None:
        """Write at once, behind what has been held back: a large payload isn't copied behind its header."""
        self.release()
        if self._transport is not None:
            self._transport.write(head)
            self._transport.write(payload)

    def _hold(self) -> None:
        """Hold back what is written until `release`."""
        if self._held is None:
            self._held, self._held_size = [], 0

    def release(self) -> None:
        """Write what has been held back."""
        held, self._held = self._held, None
        # Joined: before Python 3.12.9 and 3.13.2 `writelines` never pauses (CVE-2024-12254).
        if held and self._transport is not None:
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))

    async def _drain(self) -> None:
        """Wait until the peer reads on, or is gone; in a refusal for as long as a close may take."""
        while not self._writing and self.state in _DRAINED:
            if self.state is RESPONDING:
                self._set_deadline(self._settings.close_timeout)
            waiter = self._loop.create_future()
            self._drains = self._drains or []
            self._drains.append(waiter)
            await waiter
        if self.state is RESPONDING:
            self._clear_deadline()  # the next part may take its time

    def _wake_drains(self) -> None:
        drains, self._drains = self._drains, None
        for each in drains or ():
            if not each.done():
                each.set_result(None)

    def _pause_reading(self) -> None:
        if self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    def _set_deadline(self, seconds: float) -> None:
        """Have `overdue` called in so many seconds."""
        self._clock.set(self, self._loop.time() + seconds)

    def _clear_deadline(self) -> None:
        self._clock.set(self, math.inf)

    def overdue(self, now: float) -> None:
        """Do what the deadline was for: give up the peer."""
        self._abort()

    def _finish(self) -> None:
        """End TCP once everything is written, or when the peer doesn't read it in time."""
        self.state = CLOSED
        self.release()
        if self._transport is not None:
            self._set_deadline(self._settings.close_timeout)
            self._transport.close()
        self._wake_drains()

    async def wait_lost(self) -> None:
        """Wait for the end of TCP; when that is given up, it ends at once. One task at a time."""
        if self._transport is None:
            return
        self._clear_deadline()  # how long it takes is the caller's matter now
        self._lost = self._loop.create_future()
        try:
            await self._lost
        finally:
            self._abort()

    def _abort(self) -> None:
        """End TCP at once."""
        self.state = CLOSED
        self._held = None
        if self._transport is not None:
            self._transport.abort()
        self._wake_drains()
