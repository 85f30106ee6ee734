"""The one implementation of `WebSocket`: it drives a connection's state over a transport."""

from collections.abc import Callable
from contextlib import suppress
from typing import Never

import anyio
from anyio.lowlevel import checkpoint

from anysocket.asgi import ReceiveEvent, SendEvent
from anysocket.capabilities import Capabilities
from anysocket.close import Close, CloseCode
from anysocket.errors import InvalidState, WebSocketError
from anysocket.handshake import Denial, Handshake, HeaderLines, RawHeaders, denial, validated
from anysocket.session.bounded import bounded
from anysocket.session.read_ahead import ReadAhead
from anysocket.session.state import Action, ConnectionState, State
from anysocket.session.unsupported import check_accept, check_denial
from anysocket.session.websocket import CLOSE_TIMEOUT, MAX_MESSAGE_SIZE
from anysocket.transport import Transport

_SHORT = MAX_MESSAGE_SIZE // 4
"""This many characters fit into a message whatever their UTF-8: most need no closer look."""

_LAST_EVENTS_TIMEOUT = 1.0
"""Seconds that a failed send looks through the unread events for the peer's close."""

MAX_CALLS_AFTER_END = 100
"""Calls of receive and send after the end; beyond them each raises InvalidState (contract C4)."""

_RECEIVING_POLL = 0.01
"""Seconds between two looks at whether another task still waits in receive."""

_NO_HEADERS: HeaderLines = ()

_ABNORMAL = Close(CloseCode.ABNORMAL_CLOSURE)

# Reading a module's name costs a tenth of reading an enumeration's member.
_OPEN = State.OPEN


class Session(ConnectionState):
    """A connection as the application holds it; its handler sees a `WebSocket`.

    It inherits its state: in an object of its own that would cost every connection 2,000
    instructions, and every message 80.
    """

    __slots__ = (
        "_after_end",
        "_ahead",
        "_changed",
        "_close_timeout",
        "_max_message_size",
        "_receive_event",
        "_send_event",
        "_short",
        "_transport",
    )

    receiving: bool  # set here too, so that the hot path calls no method
    end_delivered: bool

    def __init__(
        self,
        transport: Transport,
        max_message_size: int = MAX_MESSAGE_SIZE,
        close_timeout: float = CLOSE_TIMEOUT,
    ) -> None:
        """Begin with a handshake that waits for its answer.

        Args:
            transport: the connection.
            max_message_size: bytes in one message; above it the peer sees 1009 (contract M3).
            close_timeout: seconds that close waits for a silent peer (contract C3).
        """
        super().__init__()
        self._transport = transport
        # Placeholders that raise unless the connection is open: a message then needs no check.
        self._receive_event: ReceiveEvent = _not_open
        self._send_event: SendEvent = _not_open
        self._max_message_size = max_message_size
        # Usually the same number for all connections, kept once.
        self._short = _SHORT if max_message_size == MAX_MESSAGE_SIZE else max_message_size // 4
        self._close_timeout = close_timeout
        self._ahead: ReadAhead | None = None
        self._after_end = 0
        self._changed: anyio.Event | None = None

    @property
    def handshake(self) -> Handshake:
        """The peer's request."""
        return self._transport.handshake

    @property
    def path(self) -> str:
        """The path of the handshake."""
        return self._transport.path

    @property
    def capabilities(self) -> Capabilities:
        """The declaration of the server that holds this connection."""
        return self._transport.capabilities

    async def accept(self, subprotocol: str | None = None, headers: HeaderLines = _NO_HEADERS) -> None:
        """See `WebSocket.accept`."""
        lines: RawHeaders = []
        if subprotocol is not None or headers is not _NO_HEADERS:
            lines = self._checked(subprotocol, headers)
        self.step(Action.ACCEPT)
        transport = self._transport
        try:
            await transport.accept(subprotocol, lines)
        except transport.peer_left_errors as error:
            self._record_end(Action.DISCONNECT, _ABNORMAL)
            raise self.refusal(Action.SEND) from error
        self.step(Action.DONE)
        self._receive_event = transport.receive
        self._send_event = transport.send

    def _checked(self, subprotocol: str | None, headers: HeaderLines) -> RawHeaders:
        """Check what accept is called with, and give the header lines to send."""
        self.check(Action.ACCEPT)
        lines = validated(headers)
        if subprotocol is not None:
            offered = self._transport.handshake.subprotocols
            if subprotocol not in offered:
                raise ValueError(f"subprotocol {subprotocol!r} wasn't offered, only {list(offered)}")
        check_accept(self._transport.capabilities, subprotocol, lines)
        return lines

    def limit_messages(self, size: int) -> None:
        """Set another limit for messages, in bytes (contract M3)."""
        self._max_message_size, self._short = size, size // 4

    async def deny(self, denial: Denial) -> None:
        """Refuse the connection with an HTTP response (contract H3).

        Raises:
            InvalidState: the handshake has been answered before.
            Unsupported: the server can't send this response. Nothing has been sent.
        """
        self.check(Action.DENY)
        check_denial(self._transport.capabilities, denial)
        await self._deny(Action.DENY, denial)

    def begin_denial(self) -> None:
        """Begin a denial whose body comes in parts, and that `deny` sends when it is complete.

        Raises:
            InvalidState: the handshake has been answered before.
        """
        self.step(Action.RESPOND)

    async def receive(self) -> str | bytes | None:
        """See `WebSocket.receive`."""
        if self.receiving:
            return await self._receive_late()
        self.receiving = True
        try:
            event = await self._receive_event()
        except _NotOpen:
            self.receiving = False
            return await self._receive_late()
        except self._transport.peer_left_errors:
            self.end_delivered = True
            self._record_end(Action.DISCONNECT, _ABNORMAL)
            return None
        finally:
            self.receiving = False
        message: str | bytes | None = event.get("text")
        if message is None:
            message = event.get("bytes")
        if message is None:
            self.end_delivered = True
            self._record_end(Action.DISCONNECT, self._transport.ended(event))
            return None
        if self.end is not None and self._ahead is None:
            return self._deliver_end()  # another task has closed meanwhile
        if len(message) > self._short and self._is_too_big(message):
            await self.close(CloseCode.MESSAGE_TOO_BIG)
            return self._deliver_end()
        return message

    async def send(self, data: str | bytes | bytearray | memoryview) -> None:
        """See `WebSocket.send`."""
        try:
            if type(data) is str or isinstance(data, str):
                await self._send_event({"type": "websocket.send", "text": data})
            elif isinstance(data, bytes):
                await self._send_event({"type": "websocket.send", "bytes": data})
            elif self.state is _OPEN:
                await self._send_event({"type": "websocket.send", "bytes": as_bytes(data)})
            else:
                raise _NotOpen
        except _NotOpen:
            await self._come_after_end()
            raise self.refusal(Action.SEND) from None
        except self._transport.peer_left_errors as error:
            raise await self._peer_left() from error

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """See `WebSocket.close`."""
        close = Close(code, reason)
        close.validate()
        if self.end is not None:
            return
        with bounded(self._close_timeout):
            if self.state is not _OPEN:
                await self._deny(Action.CLOSE, denial())
                return
            ahead, self._ahead = self._ahead, None  # after our own close, unread messages are dropped
            self._record_end(Action.CLOSE, close)
            try:
                await self._transport.close(close)
            except self._transport.peer_left_errors:
                pass
            finally:
                self.step(Action.DONE)
                if ahead is not None and not ahead.has_receiver:
                    self.end_delivered = True
                if self._changed is not None:
                    self._notify(self._changed)

    async def wait_disconnected(self) -> None:
        """Wait, before accept, until the peer leaves (contract H5)."""
        with suppress(*self._transport.peer_left_errors):
            await self._transport.wait_disconnected()
        self._record_end(Action.DISCONNECT, _ABNORMAL)

    async def wait_closed(self) -> int:
        """Wait until the connection is closed, and return its close code (contract C6).

        Raises:
            InvalidState: before accept.
        """
        self.check(Action.WAIT)
        if self.end is None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch)
                await self._wait_until(lambda: self.end is not None)
                tasks.cancel_scope.cancel()
        assert self.end is not None
        return self.end.code

    async def wait_close_sent(self) -> None:
        """Wait while another task closes, until its close has been sent or given up."""
        await self._wait_until(lambda: self.state is not State.CLOSING)

    def read_ahead(self) -> None:
        """Prepare for `wait_end_delivered`, which then doesn't poll beside a task that receives.

        Raises:
            InvalidState: before accept.
        """
        self.check(Action.WAIT)
        if self.state is _OPEN and not self.receiving:
            self._start_reading_ahead()
        elif self.end is not None and (self._ahead is None or self._ahead.empty):
            self.end_delivered = True  # there is nothing left to receive

    async def wait_end_delivered(self) -> None:
        """Wait, after `read_ahead`, until the connection is closed and its receiver has got the end."""
        ahead = self._ahead
        await self.wait_closed()
        if self.ended_by_us:
            # The task that has closed may never receive again.
            with anyio.move_on_after(self._close_timeout):
                await self._wait_until(lambda: self.end_delivered)
        elif ahead is None or ahead.has_receiver:
            await self._wait_until(lambda: self.end_delivered)

    async def _deny(self, action: Action, denial: Denial) -> None:
        self.step(action)
        with suppress(*self._transport.peer_left_errors):
            await self._transport.deny(denial)
        self._record_end(Action.DONE, _ABNORMAL)

    def _record_end(self, action: Action, end: Close) -> None:
        """Record how the connection ends: no more messages come or go."""
        self.record_end(action, end)
        self._receive_event = self._send_event = _not_open
        if self._changed is not None:
            self._notify(self._changed)

    def _deliver_end(self) -> str | bytes | None:
        """Give what a receive returns at the end: None."""
        self.end_delivered = True
        if self._changed is not None:
            self._notify(self._changed)
        return None

    def _notify(self, changed: anyio.Event) -> None:
        """Wake the tasks in `_wait_until`."""
        self._changed = None
        changed.set()

    async def _wait_until(self, reached: Callable[[], bool]) -> None:
        """Wait until a condition on the connection's state holds."""
        while not reached():
            self._changed = self._changed or anyio.Event()
            await self._changed.wait()

    async def _receive_late(self) -> str | bytes | None:
        """Return what was read ahead before the peer's end, then the end."""
        self.check(Action.RECEIVE)
        if self.receiving or self._ahead is None or self._ahead.empty:
            if self.end_delivered:
                await self._come_after_end()
            return self._deliver_end()
        event = self._ahead.take()
        message: str | bytes | None = event.get("text")
        if message is None:
            message = event.get("bytes")
        return self._deliver_end() if message is None or self._is_too_big(message) else message

    async def _come_after_end(self) -> None:
        """Let others have their turn, though there is nothing to wait for: the handler may be in a loop.

        Raises:
            InvalidState: it has come too often.
        """
        if self.end is None:
            return  # it hasn't begun
        self._after_end += 1
        if self._after_end > 1:  # a broadcast comes once
            await checkpoint()
        if self._after_end > MAX_CALLS_AFTER_END:
            raise InvalidState(
                f"receive and send were called {self._after_end} times after the end: the handler of "
                f"{self.path} ignores it. Leave the loop when receive gives None, when send raises "
                "ConnectionClosed, or when an ASGI application gets websocket.disconnect"
            ) from None

    def _start_reading_ahead(self) -> ReadAhead:
        """Read through a `ReadAhead` from now on. No task may be waiting in receive."""
        if self._ahead is None:
            self._ahead = ReadAhead(self._receive_event, self._transport.peer_left_errors)
            self._receive_event = self._ahead.receive
        return self._ahead

    async def _watch(self, *, bounded: bool = True) -> None:
        """Read ahead until it is known how the connection ends."""
        while self.end is None:
            if self._ahead is None and self.receiving:  # that task will get the end
                await anyio.sleep(_RECEIVING_POLL)
                continue
            event = await self._start_reading_ahead().read_until_the_end(bounded=bounded)
            self._record_end(Action.DISCONNECT, self._transport.ended(event))

    def _is_too_big(self, message: str | bytes) -> bool:
        size = len(message.encode()) if isinstance(message, str) else len(message)
        return size > self._max_message_size

    async def _peer_left(self) -> WebSocketError:
        """Find how the peer left in the events that are unread; if they don't say, it broke."""
        with anyio.move_on_after(_LAST_EVENTS_TIMEOUT):
            await self._watch(bounded=False)
        self._record_end(Action.DISCONNECT, _ABNORMAL)
        return self.refusal(Action.SEND)


class _NotOpen(Exception):
    """A message can't be received or sent now."""


async def _not_open(*_: object) -> Never:
    raise _NotOpen


def as_bytes(data: object) -> bytes:
    """Turn the other types of a binary message into bytes (contract M1).

    Raises:
        TypeError: data has another type.
    """
    if isinstance(data, bytearray):
        return bytes(data)
    if isinstance(data, memoryview):
        return data.tobytes()
    raise TypeError(f"a message is str, bytes, bytearray or memoryview, not {type(data).__name__}")
