"""The layer below WebSocket frames: a handshake and its response, then bytes in both directions."""

import socket
import ssl
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

HANDSHAKE_DEADLINE = 10.0
"""Seconds for the response; some servers are slow on their first connection."""

DEADLINE = 2.0
"""Seconds for anything else."""

THE_END = "the end of the connection"
RESET = "a reset connection"

Lines = Iterable[tuple[str, str]]


_LONG = 1000
"""Characters of an expected or seen value that are reported; a message may have millions."""


class Mismatch(AssertionError):
    """An expectation that wasn't met."""

    def __init__(self, expected: object, seen: object) -> None:
        self.expected: str = str(expected)[:_LONG]
        self.seen: str = str(seen)[:_LONG]
        super().__init__(f"expected {self.expected}, saw {self.seen}")


@dataclass(frozen=True, slots=True)
class Request:
    """The request of a handshake."""

    url: str
    """`ws://` or `wss://`."""
    headers: tuple[tuple[str, str], ...]
    behind: bytes
    """Bytes to send in the same packet, right after the request."""

    @property
    def scheme(self) -> str:
        """`ws` or `wss`."""
        return urlsplit(self.url).scheme

    @property
    def authority(self) -> bytes:
        """Host and port, as in the request."""
        return urlsplit(self.url).netloc.encode()

    @property
    def target(self) -> bytes:
        """Path and query, as in the URL."""
        parts = urlsplit(self.url)
        return ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode()

    def lines(self) -> list[tuple[bytes, bytes]]:
        """Return the headers as bytes."""
        return [(name.encode(), value.encode("latin-1")) for name, value in self.headers]


@dataclass(frozen=True, slots=True)
class Response:
    """The HTTP response to the handshake."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        """Return the values of a header, in order."""
        return [value for key, value in self.headers if key == name]


class Wire(Protocol):
    """One WebSocket connection below its frames: a TCP connection, or one stream of an HTTP/2 connection.

    Deadlines are in seconds. TimeoutError says that a deadline has passed, another OSError that the
    other side has made the call impossible.
    """

    http_version: ClassVar[str]
    success_status: ClassVar[int]
    """The status of a handshake that succeeds."""

    tcp: socket.socket
    """The socket, with TLS if the URL says so."""
    accept_token: str | None
    """The `sec-websocket-accept` of a successful response, or None over HTTP/2."""

    def answer(self, deadline: float = HANDSHAKE_DEADLINE) -> Response:
        """Wait for the response, and for its body when the handshake fails."""
        ...

    def send(self, data: bytes, deadline: float) -> None:
        """Send bytes as they are."""
        ...

    def receive(self, deadline: float) -> bytes:
        """Wait for bytes; empty at the end."""
        ...

    def half_close(self) -> None:
        """End the peer's direction."""
        ...

    def reset(self) -> None:
        """Reset the connection: end both directions at once."""
        ...

    def leave(self) -> None:
        """End the connection, after both sides have closed."""
        ...

    def another(self, request: Request) -> "Wire":
        """Open one more WebSocket connection, on the same TCP connection if that is possible."""
        ...


def unverified() -> ssl.SSLContext:
    """Return a context that trusts any certificate, for servers of the test run."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def open_tcp(url: str, protocol: str) -> socket.socket:
    """Connect, and over TLS agree on a protocol (ALPN, RFC 7301)."""
    parts = urlsplit(url)
    tls = parts.scheme == "wss"
    address = (parts.hostname or "", parts.port or (443 if tls else 80))
    tcp = socket.create_connection(address, HANDSHAKE_DEADLINE)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return tcp
    context = unverified()
    context.set_alpn_protocols([protocol])
    return context.wrap_socket(tcp)


def reset_tcp(tcp: socket.socket) -> None:
    """Close with RST instead of FIN."""
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    tcp.close()
