"""The five members: accept, receive, send, close, code."""

from contextlib import suppress
from typing import Never

import anyio

from anysocket.asgi import ReceiveEvent, SendEvent
from anysocket.close import Close, CloseCode
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.handshake import Denial, HeaderLines, denial, validated
from anysocket.session.bounded import bounded
from anysocket.session.read_ahead import ReadAhead
from anysocket.session.state import Action, State, step
from anysocket.transport import Transport

MAX_MESSAGE_SIZE = 16 * 1024 * 1024
"""Bytes in one message, unless set (contract M3)."""

_SHORT = MAX_MESSAGE_SIZE // 4
"""So many characters fit then, whatever their UTF-8: most messages need no closer look."""

CLOSE_TIMEOUT = 10.0
"""Seconds that close waits for a silent peer, unless set (contract C3)."""

_LAST_EVENTS_TIMEOUT = 1.0
"""Seconds that a failed send looks through the unread events for the peer's close."""

_RECEIVING_POLL = 0.01
"""Seconds between two looks at whether another task still waits in receive."""

# A name of the module is found in a tenth of the time of an enumeration's member.
_CONNECTING = State.CONNECTING
_OPEN = State.OPEN


class WebSocket:
    """One connection, from the handshake to its end, the same on every server."""

    __slots__ = (
        "_ahead",
        "_answering",
        "_close",
        "_close_timeout",
        "_closing",
        "_max_message_size",
        "_over",
        "_receive_event",
        "_receiving",
        "_send_event",
        "_sent",
        "_short",
        "_state",
        "_told",
        "_transport",
    )

    def __init__(
        self,
        transport: Transport,
        max_message_size: int = MAX_MESSAGE_SIZE,
        close_timeout: float = CLOSE_TIMEOUT,
    ) -> None:
        self._transport = transport
        # Both refuse unless the connection is open, so that no message has to ask.
        self._receive_event: ReceiveEvent = _not_open
        self._send_event: SendEvent = _not_open
        self._max_message_size = max_message_size
        # Mostly the same number for all, kept once.
        self._short = _SHORT if max_message_size == MAX_MESSAGE_SIZE else max_message_size // 4
        self._close_timeout = close_timeout
        self._state = _CONNECTING
        self._close: Close | None = None
        self._closing = False
        self._sent: anyio.Event | None = None
        self._answering = False
        self._receiving = False
        self._ahead: ReadAhead | None = None
        self._over: anyio.Event | None = None
        self._told: anyio.Event | None = None

    @property
    def code(self) -> int | None:
        """The close code, and None until the connection is closed (contract C1).

        The peer's when it closed, 1005 when it gave none; our own when we closed, whatever the
        server reports back; 1006 when the connection broke or never opened; 1002, 1007 or 1009
        when the peer broke the protocol.
        """
        return None if self._close is None else self._close.code

    async def accept(self, subprotocol: str | None = None, headers: HeaderLines = ()) -> None:
        """Open the connection (contract H2).

        Args:
            subprotocol: one of those that the peer offered.
            headers: lines to add to the handshake's response.

        Raises:
            ValueError: the subprotocol wasn't offered, or a header can't be sent. Nothing has
                been sent, the connection is still connecting.
            InvalidState: the handshake has been answered before.
            ConnectionClosed: the peer has left (contract H5).
            Unsupported: headers were given and the server drops them.
        """
        state = self._answer(Action.ACCEPT)
        lines = validated(headers)
        if subprotocol is not None:
            offered = self._transport.handshake.subprotocols
            if subprotocol not in offered:
                raise ValueError(f"subprotocol {subprotocol!r} wasn't offered, only {list(offered)}")
        self._answering = True
        try:
            await self._transport.accept(subprotocol, lines)
        except Unsupported:
            self._answering = False
            raise
        except self._transport.peer_left_errors as error:
            self._ends(Action.DISCONNECT, Close(CloseCode.ABNORMAL_CLOSURE))
            raise self._closed() from error
        self._state = state
        self._receive_event = self._transport.receive
        self._send_event = self._transport.send

    async def receive(self) -> str | bytes | None:
        """Wait for the next message: str for text, bytes for binary, None at the end.

        At the end it gives None at once, every time (contract C4), and `code` tells why. A
        cancelled call loses no message (contract M2).

        Raises:
            InvalidState: before accept, or while another task waits in receive.
        """
        if self._receiving:
            return self._receive_late()
        self._receiving = True
        try:
            event = await self._receive_event()
        except _NotOpen:
            self._receiving = False
            return self._receive_late()
        except self._transport.peer_left_errors:
            self._ends(Action.DISCONNECT, Close(CloseCode.ABNORMAL_CLOSURE))
            return self._end()
        finally:
            self._receiving = False
        message: str | bytes | None = event.get("text")
        if message is None:
            message = event.get("bytes")
        if message is None:
            self._ends(Action.DISCONNECT, self._transport.ended(event))
            return self._end()
        if self._close is not None and self._ahead is None:
            return self._end()  # another task has closed meanwhile
        if len(message) > self._short and self._is_too_big(message):
            await self.close(CloseCode.MESSAGE_TOO_BIG)
            return self._end()
        return message

    async def send(self, data: str | bytes | bytearray | memoryview) -> None:
        """Send a message: text from str, binary from the three types of bytes (contract M1).

        Waits while the peer reads too slowly. A cancelled call may or may not have sent; close
        still works (contract M2).

        Raises:
            TypeError: data is none of these types. Nothing has been sent.
            UnicodeEncodeError: a str with a lone surrogate. Nothing has been sent.
            InvalidState: before accept.
            ConnectionClosed: the peer has left, or the connection was closed (contract C4).
        """
        try:
            if type(data) is str or isinstance(data, str):
                await self._send_event({"type": "websocket.send", "text": data})
            elif isinstance(data, bytes):
                await self._send_event({"type": "websocket.send", "bytes": data})
            elif self._state is _OPEN:
                await self._send_event({"type": "websocket.send", "bytes": as_bytes(data)})
            else:
                raise _NotOpen
        except _NotOpen:
            raise self._cannot_send() from None
        except self._transport.peer_left_errors as error:
            raise await self._peer_left() from error

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the connection; before accept, deny it with 403 (contract H3).

        May be repeated, and may come after the peer has left: it does nothing then. Returns
        within the close timeout even when the peer stays silent (contract C3).

        Args:
            code: 1000-1003, 1007-1014 or 3000-4999.
            reason: at most 123 bytes of UTF-8.

        Raises:
            ValueError: the code or the reason can't be sent. Nothing has been, still open.
        """
        close = Close(code, reason)
        close.validate()
        if self._close is not None:
            return
        with bounded(self._close_timeout), suppress(*self._transport.peer_left_errors):
            if self._state is _CONNECTING:
                await self._deny(denial())
            else:
                ahead, self._ahead = self._ahead, None  # who closes wants no more messages
                self._ends(Action.CLOSE, close)
                self._closing = True
                try:
                    await self._transport.close(close)
                finally:
                    self._closing = False
                    if self._sent is not None:
                        self._sent.set()
                    if ahead is not None and not ahead.has_receiver:
                        self._end()  # nobody receives who would be told otherwise

    async def _deny(self, denial: Denial) -> None:
        state = self._answer(Action.DENY)
        self._answering = True
        try:
            with suppress(*self._transport.peer_left_errors):
                await self._transport.deny(denial)
        except Unsupported:
            self._answering = False
            raise
        self._state = state
        self._close = Close(CloseCode.ABNORMAL_CLOSURE)

    def _answer(self, action: Action) -> State:
        """Check that the handshake can be answered, and give the state that follows."""
        if self._answering and self._state is _CONNECTING:
            raise InvalidState(f"can't {action.value}: the handshake is being answered already")
        return step(self._state, action)

    def _ends(self, action: Action, close: Close) -> None:
        """Note that no more messages come or go. The first close recorded stands (contract C1)."""
        self._state = step(self._state, action)
        self._receive_event = self._send_event = _not_open
        if self._close is None:
            self._close = close
        if self._over is not None:
            self._over.set()

    def _closed(self) -> ConnectionClosed:
        assert self._close is not None
        return ConnectionClosed(*self._close)

    def _receive_late(self) -> str | bytes | None:
        """Give what was read ahead before the peer's end, then the end."""
        step(self._state, Action.RECEIVE)
        if self._state is _OPEN:
            raise InvalidState("another task is waiting in receive: only one may at a time")
        if self._receiving or self._ahead is None or self._ahead.empty:
            return self._end()
        event = self._ahead.take()
        message: str | bytes | None = event.get("text")
        if message is None:
            message = event.get("bytes")
        return self._end() if message is None or self._is_too_big(message) else message

    def _end(self) -> str | bytes | None:
        """Give None, and note that whoever receives has been told of the end."""
        if self._told is not None:
            self._told.set()
        return None

    async def _wait_closed(self) -> int:
        if self._state is _CONNECTING:
            step(self._state, Action.RECEIVE)
        if self._close is None:
            over = self._over = self._over or anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch)
                await over.wait()
                tasks.cancel_scope.cancel()
        assert self._close is not None
        return self._close.code

    async def _wait_over(self) -> None:
        """Wait until the connection is closed, and whoever receives meanwhile has been told."""
        ahead, told = self._ahead, self._told
        assert told is not None  # of `Session.read_ahead`, as a task may close before this one begins
        await self._wait_closed()
        if self._state is State.CLOSING:
            # By ourselves: close is let finish, but who has closed may never receive again.
            with anyio.move_on_after(self._close_timeout):
                await told.wait()
        elif ahead is None or ahead.has_receiver:
            await told.wait()

    def _read_ahead(self) -> ReadAhead:
        """Read through a `ReadAhead` from now on; nobody may wait in receive."""
        if self._ahead is None:
            self._ahead = ReadAhead(self._receive_event, self._transport.peer_left_errors)
            self._receive_event = self._ahead.receive
        return self._ahead

    async def _watch(self, *, bounded: bool = True) -> None:
        """Read ahead until it is known how the connection ends."""
        while self._close is None:
            if self._ahead is None and self._receiving:  # by itself, and it will be told of the end
                await anyio.sleep(_RECEIVING_POLL)
                continue
            event = await self._read_ahead().read_until_the_end(bounded=bounded)
            self._ends(Action.DISCONNECT, self._transport.ended(event))

    def _is_too_big(self, message: str | bytes) -> bool:
        size = len(message.encode()) if isinstance(message, str) else len(message)
        return size > self._max_message_size

    def _cannot_send(self) -> InvalidState | ConnectionClosed:
        if self._close is not None:
            return self._closed()
        return InvalidState(f"can't send while the connection is {self._state.value}: accept it first")

    async def _peer_left(self) -> ConnectionClosed:
        """Find how the peer left among the events that nobody has read; without any, it broke."""
        with anyio.move_on_after(_LAST_EVENTS_TIMEOUT):
            await self._watch(bounded=False)
        self._ends(Action.DISCONNECT, Close(CloseCode.ABNORMAL_CLOSURE))
        return self._closed()


class _NotOpen(Exception):
    """A message can't be received or sent now."""


async def _not_open(*_: object) -> Never:
    raise _NotOpen


def as_bytes(data: object) -> bytes:
    """Give what can be sent as a binary message, besides bytes themselves (contract M1).

    Raises:
        TypeError: it is of another type.
    """
    if isinstance(data, bytearray):
        return bytes(data)
    if isinstance(data, memoryview):
        return data.tobytes()
    raise TypeError(f"a message is str, bytes, bytearray or memoryview, not {type(data).__name__}")
