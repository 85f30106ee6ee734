"""One WebSocket of hypercorn over HTTP/1.1, on each of its event loops.

What differs from the specification, as of 0.18 (https://github.com/pgjones/hypercorn):

- The peer's close code and reason are lost: every disconnect says 1006 (issue 127). They are
  still in the wsproto events of the stream's own connection, so they are noted there.
- A peer that breaks the protocol gets no close frame.
- An oversized message is answered with 1009, but the application isn't told why it ended, nor
  that it has before the peer answers.
- What the peer sends before accept is answered with 400, while accept seems to succeed; 0.16
  fails on it.
- Sends after the peer has left succeed silently.
- Of several Sec-WebSocket-Protocol lines only the last one counts, and an offer of
  permessage-deflate that makes no sense makes accept fail.
- The connection is cut when the handler returns, even while the closing handshake is under way.
- The task that finds the end waits until the application's queue has room for the news, though it
  may be the application's own task, in send.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast, runtime_checkable

from anysocket.asgi import ASGIEvent, Receive, Scope, Send, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Handshake, RawHeaders
from anysocket.session.bounded import bounded
from anysocket_adapters.asgi import ASGITransport, offered
from anysocket_adapters.lazy_event import LazyEvent
from anysocket_adapters.repairs.known import once_for_each_class
from anysocket_adapters.repairs.wsproto_close import know_bad_gateway
from anysocket_adapters.repairs.wsproto_deflate import keep_compression

if TYPE_CHECKING:
    from hypercorn.protocol.events import Event as StreamEvent
    from wsproto.connection import Connection
    from wsproto.events import Event as WSProtoEvent
    from wsproto.events import Message

_LAST_WORDS = 0.5
"""Seconds that a peer has to answer our close before the handler is told of the end."""

_DISCONNECT: ASGIEvent = {"type": "websocket.disconnect"}


class _Handshake(Protocol):
    subprotocols: list[str] | None
    extensions: list[str] | None
    accept: Callable[
        [str | None, Iterable[tuple[bytes, bytes]]], "tuple[int, list[tuple[bytes, bytes]], Connection]"
    ]


class _Buffer(Protocol):
    extend: "Callable[[Message[Any]], None]"


class _Config(Protocol):
    max_app_queue_size: int


class _TaskGroup(Protocol):
    def spawn(self, func: Callable[..., Awaitable[None]], *args: object) -> None: ...


@runtime_checkable
class Stream(Protocol):
    """What is used of `hypercorn.protocol.ws_stream.WSStream`, one object per connection."""

    closed: bool
    stream_id: int
    config: _Config
    handshake: _Handshake
    buffer: _Buffer
    task_group: _TaskGroup
    app_put: Send
    handle: "Callable[[StreamEvent], Awaitable[None]]"
    send: "Callable[[StreamEvent], Awaitable[None]]"
    _send_pings: Callable[[], Awaitable[None]]
    _send_wsproto_event: "Callable[[WSProtoEvent], Awaitable[None]]"


as_stream: Callable[[object], Stream | None] = once_for_each_class(
    lambda found: found if isinstance(found, Stream) else None
)


class HypercornTransport(ASGITransport):
    """hypercorn's WebSocket stream."""

    declared: ClassVar[Capabilities] = Capabilities(
        all_subprotocol_lines=Support.REPAIRED,
        malformed_extension_offer=Support.REPAIRED,
        compressed_with_ping=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        early_message=Support.REPAIRED,
        message_before_accept=Support.REPAIRED,
        peer_close_code=Support.REPAIRED,
        peer_code_1014=Support.REPAIRED,
        peer_close_reason=Support.REPAIRED,
        no_close_code=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
        protocol_error_code=Support.REPAIRED,
        end_while_sending=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
    )

    held_packets: ClassVar[float] = 16
    """How much of what comes before accept is kept, in reads of 64 KiB; more isn't read."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, stream: Stream) -> None:
        super().__init__(scope, receive, send)
        self._stream = stream
        self._end = Close(CloseCode.ABNORMAL_CLOSURE)
        self._ending = False
        self._closing = False
        self._closed = LazyEvent()
        self._released = LazyEvent()
        self._held: list[StreamEvent] = []
        self._kept: list[ASGIEvent] = []
        self._delivering = False
        self._connection: Connection | None = None
        """What has made the answer that opens the connection."""
        self._put = stream.app_put
        self._handle = stream.handle
        stream.handle = self._hold
        self._send_event = self.send
        self.send: SendEvent = self._send_checked

    @property
    def handshake(self) -> Handshake:
        plain = super().handshake
        return plain._replace(subprotocols=offered(plain.headers))

    def ended(self, event: WebSocketEvent, /) -> Close:
        return self._end

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        lines = cast("RawHeaders", self.scope["headers"])  # as the specification has them
        self._stream.handshake.subprotocols = list(offered(lines))
        self._watch()
        try:
            await super().accept(subprotocol, headers)
        finally:
            if self._connection is not None:
                await self._release_soon()
        if self._connection is None:  # hypercorn sends nothing on a stream that is over, and says nothing
            raise ConnectionError("the peer left during the handshake")

    async def close(self, close: Close, /) -> None:
        if self._stream.closed:
            return
        # The peer's close is behind the messages that nobody wants any more.
        self._stream.app_put = self._put_the_end
        self._kept.clear()
        while unread(self._put):
            await self._receive()
        self._closing = True
        try:
            with bounded(_LAST_WORDS):
                await super().close(close)
                await self._closed.wait()
        finally:  # another task may be waiting in receive
            if not self._closed.is_set:
                self._stream.task_group.spawn(self._put_the_end, _DISCONNECT)
        await self._closed.wait()

    def _send_checked(self, event: WebSocketEvent) -> Awaitable[None]:
        """Refuse to send once the peer has left, which hypercorn does silently."""
        if self._stream.closed or self._ending:
            raise ConnectionError("the peer has left")
        return self._send_event(event)

    # What comes from the peer.

    async def _hold(self, event: "StreamEvent") -> None:
        """Keep what comes before accept has returned, the end too if the peer has seen the answer."""
        if is_end(event) and self._connection is None:
            self._released.set()
        elif not self._released.is_set and (is_end(event) or len(self._held) < self.held_packets):
            self._held.append(event)
            return
        else:
            await self._released.wait()
        await self._listen(event)

    async def _release_soon(self) -> None:
        if self._held:
            self._stream.task_group.spawn(self._release)
        else:
            await self._release()

    async def _release(self) -> None:
        for event in self._held:  # what comes meanwhile is put behind
            if is_end(event) or not self._is_closed():
                await self._listen(event)
        self._stream.handle = self._listen
        self._released.set()

    def _is_closed(self) -> bool:
        from wsproto.connection import ConnectionState

        return self._connection is not None and self._connection.state is ConnectionState.CLOSED

    def _listen(self, event: "StreamEvent") -> Awaitable[None]:
        """Let no news of the end wait."""
        if is_end(event):
            self._stream.app_put = self._put_the_end
            self._closed.set()
        return self._handle(event)

    # What goes to the application.

    async def _put_the_end(self, event: ASGIEvent) -> None:
        if event["type"] == "websocket.disconnect":
            await self._put_or_keep(event)

    async def _put_or_keep(self, event: ASGIEvent) -> None:
        """Put an event into the application's queue, later if it is full."""
        if not self._delivering and unread(self._put) < self._stream.config.max_app_queue_size:
            await self._put(event)
            return
        self._kept.append(event)
        if not self._delivering:
            self._delivering = True
            self._stream.task_group.spawn(self._deliver)

    async def _deliver(self) -> None:
        while self._kept:
            await self._put(self._kept.pop(0))
        self._delivering = False

    # How it ends.

    def _watch(self) -> None:
        """Note how the connection ends, from the moment that it is made."""
        handshake, buffer = self._stream.handshake, self._stream.buffer
        self._accept, self._extend = handshake.accept, buffer.extend
        handshake.accept, buffer.extend = self._accept_watched, self._extend_watched

    def _accept_watched(
        self, subprotocol: str | None, headers: Iterable[tuple[bytes, bytes]]
    ) -> "tuple[int, list[tuple[bytes, bytes]], Connection]":
        try:
            status, lines, connection = self._accept(subprotocol, headers)
        except ValueError:  # how wsproto reads an offer that makes no sense: do without
            self._stream.handshake.extensions = None
            status, lines, connection = self._accept(subprotocol, headers)
        self._connection = connection
        know_bad_gateway(connection)
        keep_compression(connection)
        events = connection.events
        connection.events = lambda: self._watched(events())  # type: ignore[method-assign]  # of this one only
        return status, lines, connection

    def _extend_watched(self, message: "Message[Any]") -> None:
        try:
            self._extend(message)
        except Exception:  # FrameTooLargeError: hypercorn closes with 1009 on its own
            self._ends(Close(CloseCode.MESSAGE_TOO_BIG))
            raise

    def _watched(
        self, events: "Generator[WSProtoEvent, None, None]"
    ) -> "Generator[WSProtoEvent, None, None]":
        from wsproto.connection import ConnectionState
        from wsproto.events import CloseConnection

        connection = self._connection
        for event in events:
            if isinstance(event, CloseConnection):
                self._ends(Close(event.code, event.reason or ""))
                if connection is not None and connection.state is ConnectionState.OPEN:
                    # wsproto says so that the peer broke the protocol. hypercorn answers
                    # only in this state, and RFC 6455 section 7.1.7 asks for an answer.
                    connection._state = ConnectionState.REMOTE_CLOSING  # pyright: ignore[reportPrivateUsage]
            yield event

    def _ends(self, close: Close) -> None:
        """Note the first reason for which no message goes either way any more."""
        if not self._ending:
            self._ending = True
            self._end = close
            if not self._closing:  # which tells by itself
                self._stream.task_group.spawn(self._tell_soon)

    async def _tell_soon(self) -> None:
        """Tell of the end even while our close waits for a peer that doesn't read."""
        with bounded(_LAST_WORDS):
            await self._closed.wait()
            return
        await self._put_or_keep(_DISCONNECT)


def is_end(event: object) -> bool:
    """Whether hypercorn says so that a stream is over."""
    return type(event).__name__ == "StreamClosed"


class _Statistics(Protocol):
    current_buffer_used: int


class _TrioChannel(Protocol):
    def statistics(self) -> _Statistics: ...


def unread(method: Send | Receive) -> int:
    """Tell how many events wait in the application's queue, asyncio's or trio's, from a method of it."""
    queue: asyncio.Queue[ASGIEvent] | _TrioChannel = getattr(method, "__self__")  # noqa: B009
    if isinstance(queue, asyncio.Queue):
        return queue.qsize()
    return queue.statistics().current_buffer_used
