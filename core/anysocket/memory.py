"""A transport in memory: a handler and its peer in one program, without server or socket."""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from anysocket.capabilities import Capabilities
from anysocket.close import Close
from anysocket.handshake import Denial, Handshake, RawHeaders

Message: TypeAlias = str | bytes | Close
"""What goes through the pipe: messages, and at last how the connection ends."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer that opens the connection, as the peer sees it."""

    subprotocol: str | None
    headers: RawHeaders


class MemoryTransport:
    """The handler's end of a pipe, whose other end is `peer`. It keeps the contract natively."""

    capabilities: ClassVar[Capabilities] = Capabilities()
    gone: ClassVar[tuple[type[Exception], ...]] = (anyio.BrokenResourceError, anyio.EndOfStream)

    def __init__(self, handshake: Handshake | None = None, *, unread: int = 16) -> None:
        """Make both ends.

        Args:
            handshake: the peer's request.
            unread: how many messages fit in each direction before their sender must wait.
        """
        self.handshake = handshake or Handshake()
        self._to_peer, from_handler = anyio.create_memory_object_stream[Message | Accepted | Denial](unread)
        to_handler, from_peer = anyio.create_memory_object_stream[Message](unread)
        self.receive = from_peer.receive
        self.peer = MemoryPeer(to_handler, from_handler)

    def decode(self, event: Message, /) -> Message:
        return event

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await self._to_peer.send(Accepted(subprotocol, headers))

    async def deny(self, denial: Denial, /) -> None:
        await self._to_peer.send(denial)

    async def send_text(self, data: str, /) -> None:
        data.encode()  # a lone surrogate can't go over any wire
        await self._to_peer.send(data)

    async def send_bytes(self, data: bytes, /) -> None:
        await self._to_peer.send(data)

    async def close(self, close: Close, /) -> None:
        await self._to_peer.send(close)


class MemoryPeer:
    """The other end of the pipe: what a client does, without bytes in between."""

    def __init__(
        self,
        to_handler: MemoryObjectSendStream[Message],
        from_handler: MemoryObjectReceiveStream[Message | Accepted | Denial],
    ) -> None:
        self._to_handler = to_handler
        self._from_handler = from_handler

    async def receive(self) -> Message | Accepted | Denial:
        """Wait for the handler's next act: its answer to the handshake, a message, or its close."""
        return await self._from_handler.receive()

    async def send(self, message: str | bytes) -> None:
        """Send a message; waits while too many are unread.

        Raises:
            anyio.BrokenResourceError: the handler has ended.
        """
        await self._to_handler.send(message)

    async def close(self, code: int = 1005, reason: str = "") -> None:
        """Close as a peer does; 1005 stands for a close frame without a code."""
        await self._to_handler.send(Close(code, reason))
        self.abort()

    def abort(self) -> None:
        """Vanish without a close frame; what was sent before can still be read."""
        self._to_handler.close()
        self._from_handler.close()
