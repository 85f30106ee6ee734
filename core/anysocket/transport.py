"""The seam: what every server must look like to the core, and nothing more.

An adapter is a class with this shape. Messages go through it as ASGI's events, which most servers
speak: for those, a message crosses nothing but the core. The core has already checked state,
arguments, headers and close codes.
"""

from collections.abc import Awaitable
from typing import ClassVar, Protocol, runtime_checkable

from anysocket.asgi import ReceiveEvent, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities
from anysocket.close import Close
from anysocket.handshake import Denial, Handshake, RawHeaders


class Transport(Protocol):
    """One WebSocket connection, as every server must look to the core."""

    declared: ClassVar[Capabilities]
    """What the adapter promises on the versions of the server that it knows."""

    @property
    def capabilities(self) -> Capabilities:
        """What holds on this connection: `declared`, but for repairs that couldn't be made."""
        ...

    peer_left_errors: ClassVar[tuple[type[Exception], ...]]
    """The exceptions by which this server says that the peer has left."""

    @property
    def path(self) -> str:
        """Where the peer wants to go, as in `handshake`, which costs more and is read only when needed."""
        ...

    @property
    def headers(self) -> RawHeaders:
        """The header lines, as in `handshake`."""
        ...

    @property
    def handshake(self) -> Handshake:
        """The peer's request."""
        ...

    @property
    def receive(self) -> ReceiveEvent:
        """Wait for the next event, a message or the end; a method will do, and so will an attribute.

        The server's own callable where possible, so that a message costs one coroutine. Called
        after accept, never twice at once; a cancelled call must lose nothing.
        """
        ...

    @property
    def send(self) -> SendEvent:
        """Send a message: an event with either text or bytes. The server's own where possible."""
        ...

    def ended(self, event: WebSocketEvent, /) -> Close:
        """Tell how the connection ended, from an event with neither text nor bytes."""
        ...

    def wait_disconnected(self) -> Awaitable[None]:
        """Wait, before accept, until the peer leaves; for ever where the server doesn't say.

        A cancelled call loses nothing: messages that come early are received after accept.
        """
        ...

    def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> Awaitable[None]:
        """Complete the handshake. Raises one of `gone` when the peer has left before."""
        ...

    def deny(self, denial: Denial, /) -> Awaitable[None]:
        """Refuse the handshake with an HTTP response."""
        ...

    def close(self, close: Close, /) -> Awaitable[None]:
        """Start the closing handshake; may wait for its end, the core bounds the time."""
        ...


@runtime_checkable
class TransportApp(Protocol):
    """An app that serves a WebSocket over any transport, as `anysocket.Application` does."""

    def handle(self, transport: Transport) -> Awaitable[None]: ...
