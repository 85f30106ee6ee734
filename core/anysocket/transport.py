"""The interface between the core and the adapter of a server.

An adapter is a class with the members of `Transport`. Messages pass through it as ASGI's events,
because most servers speak ASGI: there a message passes through no code but the core's. The core
has already checked the state, the arguments, the headers, the close codes, and whether the server
can send them by its `capabilities`.
"""

from collections.abc import Awaitable
from typing import ClassVar, Protocol, runtime_checkable

from anysocket.asgi import ReceiveEvent, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities
from anysocket.close import Close
from anysocket.handshake import Denial, Handshake, RawHeaders


class Transport(Protocol):
    """One WebSocket connection of a server, as the core needs it."""

    declared: ClassVar[Capabilities]
    """The support that the adapter declares for the server versions that it knows."""

    @property
    def capabilities(self) -> Capabilities:
        """The support on this connection: `declared`, without the repairs that couldn't be made."""
        ...

    peer_left_errors: ClassVar[tuple[type[Exception], ...]]
    """The exceptions that this server raises when the peer has left."""

    @property
    def path(self) -> str:
        """The path, as in `handshake`, which costs more and is read only when needed."""
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
        """Wait for the next event: a message or the end. It may be a method or an attribute.

        Use the server's own callable where possible: a message then costs one coroutine. It is
        called after accept, and never twice at once. A cancelled call must lose nothing.
        """
        ...

    @property
    def send(self) -> SendEvent:
        """Send a message: an event with either text or bytes. Use the server's own callable if possible."""
        ...

    def ended(self, event: WebSocketEvent, /) -> Close:
        """Read how the connection ended from an event with neither text nor bytes."""
        ...

    def wait_disconnected(self) -> Awaitable[None]:
        """Wait, before accept, until the peer leaves; for ever if the server doesn't report it.

        A cancelled call loses nothing: messages that come early are received after accept.
        """
        ...

    def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> Awaitable[None]:
        """Open the connection. Raise one of `peer_left_errors` if the peer has left."""
        ...

    def deny(self, denial: Denial, /) -> Awaitable[None]:
        """Refuse the handshake with an HTTP response."""
        ...

    def close(self, close: Close, /) -> Awaitable[None]:
        """Start the closing handshake. It may wait for the end: the core limits the time."""
        ...


@runtime_checkable
class TransportApp(Protocol):
    """An app that serves a WebSocket over any transport, such as `anysocket.Application`."""

    def handle(self, transport: Transport) -> Awaitable[None]: ...
