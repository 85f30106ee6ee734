"""A transport in memory: a handler and its peer in one program, without a server or a socket."""

from collections import deque
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeAlias, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from anysocket.asgi import WebSocketEvent
from anysocket.capabilities import Capabilities
from anysocket.close import Close, CloseCode
from anysocket.handshake import Denial, Handshake, RawHeaders

Message: TypeAlias = str | bytes | Close
"""The content of the pipe: messages, and finally how the connection ends."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer that opens the connection, as the peer sees it."""

    subprotocol: str | None
    headers: RawHeaders


class MemoryTransport:
    """The handler's end of a pipe; `peer` is the other end. It keeps the contract natively.

    To test a handler on a server that lacks something, override `declared` in a subclass.
    """

    declared: ClassVar[Capabilities] = Capabilities()
    peer_left_errors: ClassVar[tuple[type[Exception], ...]] = (anyio.BrokenResourceError, anyio.EndOfStream)

    def __init__(self, handshake: Handshake | None = None, *, unread: int = 16) -> None:
        """Make both ends.

        Args:
            handshake: the peer's request.
            unread: the number of messages that fit in each direction before their sender waits.
        """
        self.handshake: Handshake = handshake or Handshake()
        self.path: str = self.handshake.path
        self.headers: RawHeaders = self.handshake.headers
        self._to_peer = _Pipe[Message | Accepted | Denial](unread)
        self._from_peer = _Pipe[Message](unread)
        self.peer: MemoryPeer = MemoryPeer(self._from_peer, self._to_peer)

    @property
    def capabilities(self) -> Capabilities:
        return self.declared

    async def receive(self) -> WebSocketEvent:
        match await self._from_peer.receive():
            case str(text):
                return {"type": "websocket.receive", "text": text}
            case bytes(data):
                return {"type": "websocket.receive", "bytes": data}
            case close:
                return {"type": "websocket.disconnect", "code": close.code, "reason": close.reason}

    async def send(self, event: WebSocketEvent) -> None:
        text = event.get("text")
        if text is None:
            await self._to_peer.send(event.get("bytes") or b"")
        else:
            text.encode()  # a lone surrogate can't go over any wire
            await self._to_peer.send(text)

    def ended(self, event: WebSocketEvent, /) -> Close:
        return Close(event.get("code") or CloseCode.NO_STATUS_RCVD, event.get("reason") or "")

    async def wait_disconnected(self) -> None:
        await self._from_peer.ended()

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await self._to_peer.send(Accepted(subprotocol, headers))

    async def deny(self, denial: Denial, /) -> None:
        await self._end(denial)

    async def close(self, close: Close, /) -> None:
        await self._end(close)

    async def _end(self, last: Close | Denial) -> None:
        try:
            await self._to_peer.send(last)
        finally:
            self._to_peer.end()
            self._from_peer.end()


class MemoryPeer:
    """The peer's end of the pipe: it does what a client does, without bytes in between."""

    def __init__(
        self, to_handler: "_Pipe[Message]", from_handler: "_Pipe[Message | Accepted | Denial]"
    ) -> None:
        self._to_handler = to_handler
        self._from_handler = from_handler

    async def receive(self) -> Message | Accepted | Denial:
        """Wait for the handler's answer to the handshake, its next message, or its close.

        Raises:
            anyio.EndOfStream: nothing more comes.
        """
        return await self._from_handler.receive()

    async def send(self, message: str | bytes) -> None:
        """Send a message. It waits while too many are unread.

        Raises:
            anyio.BrokenResourceError: the handler has ended.
        """
        await self._to_handler.send(message)

    async def close(self, code: int = 1005, reason: str = "") -> None:
        """Close as a peer does; 1005 stands for a close frame without a code."""
        self._to_handler.end(Close(code, reason))
        self._from_handler.end()

    def abort(self) -> None:
        """Break the connection without a close frame. Earlier messages can still be received."""
        self._to_handler.end()
        self._from_handler.end()


class _Pipe(Generic[Item]):
    """One direction. Unlike a stream it needs no close, so a test may drop it in any state."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items = deque[Item]()
        self._ended = False
        self._sending = anyio.Lock()
        self._changed: anyio.Event | None = None

    async def send(self, item: Item) -> None:
        async with self._sending:  # senders keep their order
            while len(self._items) >= self._size and not self._ended:
                await self._change()
            if self._ended:
                raise anyio.BrokenResourceError
            self._items.append(item)
            self._notify()

    async def receive(self) -> Item:
        await checkpoint()
        while not self._items:
            if self._ended:
                raise anyio.EndOfStream
            await self._change()
        item = self._items.popleft()
        self._notify()
        return item

    async def ended(self) -> None:
        """Wait for the end."""
        while not self._ended:
            await self._change()

    def end(self, *last: Item) -> None:
        """Accept nothing more after these items. Earlier items can still be received."""
        if not self._ended:
            self._items.extend(last)
        self._ended = True
        self._notify()

    async def _change(self) -> None:
        if self._changed is None:
            self._changed = anyio.Event()
        await self._changed.wait()

    def _notify(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None
