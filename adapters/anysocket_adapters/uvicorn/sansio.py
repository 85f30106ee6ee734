"""What is repaired inside uvicorn's websockets-sansio protocol: in a class that its objects change to.

A class costs a connection nothing, where to replace methods of each object took 40,000
instructions. Imported when there is a connection, since it needs uvicorn.
"""

import asyncio
from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

from anysocket.asgi import WebSocketEvent
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent
    from websockets.frames import Frame

_USED = (
    *("transport", "disconnected", "queue", "writable", "handle_close", "read_paused", "loop", "conn"),
    *("ping_timeout", "pong_timer", "keepalive_timeout", "frames", "send_receive_event_to_app"),
    *("handle_events", "handle_parser_exception", "handshake_complete", "close_sent", "connection_lost"),
)
"""What the repairs use of a protocol."""


class _Sent:
    """What has been done already, to be awaited."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return _ENDED


_ENDED = cast("Generator[None, None, None]", iter(()))  # it is only asked for what comes next
_SENT = _Sent()


class RepairedSansIO(WebSocketsSansIOProtocol):
    """The methods that differ."""

    read_paused: bool
    pong_timer: asyncio.TimerHandle | None

    _unread_size = 0
    _lost: asyncio.Future[None] | None = None

    def send_receive_event_to_app(self) -> None:
        """Let several messages be unread before reading pauses: behind the first one no pong is seen.

        uvicorn 0.54 pauses reading whenever it queues a message, unless it thinks that it has.
        """
        frames, unread = self.frames, self.queue.qsize()
        size = len(frames[0]) if len(frames) == 1 else sum(map(len, frames))
        self._unread_size = size = size + self._unread_size if unread else size
        if self.read_paused or size >= MAX_UNREAD_SIZE or unread >= MAX_UNREAD:
            super().send_receive_event_to_app()
            return
        self.read_paused = True
        super().send_receive_event_to_app()
        self.read_paused = False

    def keepalive_timeout(self) -> None:
        """Don't take a peer for dead whose pong may be among what isn't read (contract L3)."""
        if self.read_paused and self.ping_timeout is not None:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
        else:
            super().keepalive_timeout()

    def handle_parser_exception(self) -> None:
        """Hand on the messages that came in one packet with the frame that breaks the protocol."""
        if self.conn.parser_exc is not None:
            self.handle_events()
        super().handle_parser_exception()

    def handle_close(self, event: "Frame") -> None:
        """End the sends that wait for the peer when it closes: uvicorn 0.54 waits until it has read."""
        super().handle_close(event)
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits for the end."""
        super().connection_lost(exc)
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(None)

    async def wait_until_closed(self) -> None:
        """Wait for the end of the closing handshake, and when that is given up, for no silent peer.

        uvicorn 0.54 gives every peer ten seconds, and for ever one that doesn't read.
        """
        try:
            if not self.disconnected:
                self._lost = self.loop.create_future()
                await self._lost
        finally:
            self.transport.abort()

    def send_message(self, event: WebSocketEvent) -> Awaitable[None]:
        """Send a message as uvicorn does, without its two coroutines where nothing is to be waited for."""
        if self.close_sent or self.disconnected or not self.writable.is_set():
            return self.send(cast("ASGISendEvent", event))  # as `send` of the specification takes it
        text = event.get("text")
        try:
            if text is not None:
                self.conn.send_text(text.encode())
            else:
                self.conn.send_binary(event.get("bytes") or b"")
        except InvalidState:
            raise ConnectionError("the peer has left") from None
        self.transport.write(b"".join(self.conn.data_to_send()))
        return _SENT


_classes: dict[type, type[RepairedSansIO] | None] = {}
"""The repaired class of each of uvicorn's, and None for one that looks different inside."""


def repaired(protocol: object) -> RepairedSansIO | None:
    """Repair a connection's protocol, unless it looks different inside."""
    kind = type(protocol)
    try:
        better = _classes[kind]
    except KeyError:
        better = _classes[kind] = _better(protocol)
    if better is None:
        return None
    protocol.__class__ = better
    assert isinstance(protocol, RepairedSansIO)  # since now
    return protocol


def _better(protocol: object) -> type[RepairedSansIO] | None:
    kind = type(protocol)
    if not isinstance(protocol, WebSocketsSansIOProtocol) or not all(
        hasattr(protocol, name) for name in _USED
    ):
        return None
    # Under its own name, by which `connect` knows it.
    return type(kind.__name__, (RepairedSansIO, kind), {"__module__": kind.__module__})
