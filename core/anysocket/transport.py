"""The seam: what every server must look like to the core, and nothing more.

An adapter is a class with this shape. The core reads messages through `receive` and `decode`, and
writes them through the five verbs; it has already checked state, arguments, headers and close codes.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol, TypeVar

from anysocket.capabilities import Capabilities
from anysocket.close import Close
from anysocket.handshake import Denial, Handshake, RawHeaders

Event = TypeVar("Event")
"""A server's raw value before `decode`."""


class Transport(Protocol[Event]):
    """One WebSocket connection, as every server must look to the core."""

    capabilities: ClassVar[Capabilities]

    gone: ClassVar[tuple[type[Exception], ...]]
    """The exceptions by which this server says that the peer has left."""

    @property
    def receive(self) -> Callable[[], Awaitable[Event]]:
        """Wait for the next event; a method will do, and so will an attribute.

        The server's own callable where possible, so that a message costs one coroutine. Called
        after accept, never twice at once; a cancelled call must lose nothing.
        """
        ...

    @property
    def handshake(self) -> Handshake:
        """The peer's request."""
        ...

    def decode(self, event: Event, /) -> str | bytes | Close:
        """Tell what an event says: a whole message, or how the connection ended. Pure."""
        ...

    def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> Awaitable[None]:
        """Complete the handshake. Raises one of `gone` when the peer has left before."""
        ...

    def deny(self, denial: Denial, /) -> Awaitable[None]:
        """Refuse the handshake with an HTTP response."""
        ...

    def send_text(self, data: str, /) -> Awaitable[None]:
        """Send a text message."""
        ...

    def send_bytes(self, data: bytes, /) -> Awaitable[None]:
        """Send a binary message."""
        ...

    def close(self, close: Close, /) -> Awaitable[None]:
        """Start the closing handshake; may wait for its end, the core bounds the time."""
        ...
