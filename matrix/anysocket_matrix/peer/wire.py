"""What a peer speaks WebSocket over: a handshake and its answer, then bytes in both directions."""

import socket
import ssl
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

HANDSHAKE_DEADLINE = 10.0
"""Seconds for the handshake's answer: some servers are slow on their first connection."""

DEADLINE = 2.0
"""Seconds for anything else."""

THE_END = "the end of the connection"
RESET = "a reset connection"

Lines = Iterable[tuple[str, str]]


_LONG = 1000
"""Characters that are told of what was expected or seen: a message may have millions."""


class Mismatch(AssertionError):
    """Something else was seen than expected."""

    def __init__(self, expected: object, seen: object) -> None:
        self.expected: str = str(expected)[:_LONG]
        self.seen: str = str(seen)[:_LONG]
        super().__init__(f"expected {self.expected}, saw {self.seen}")


@dataclass(frozen=True, slots=True)
class Request:
    """What a handshake asks for."""

    url: str
    """`ws://` or `wss://`."""
    headers: tuple[tuple[str, str], ...]
    behind: bytes
    """What goes in the same packet, right behind the request."""

    @property
    def scheme(self) -> str:
        """`ws` or `wss`."""
        return urlsplit(self.url).scheme

    @property
    def authority(self) -> bytes:
        """Host and port, as a request names them."""
        return urlsplit(self.url).netloc.encode()

    @property
    def target(self) -> bytes:
        """Path and query, as they stand in the URL."""
        parts = urlsplit(self.url)
        return ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode()

    def lines(self) -> list[tuple[bytes, bytes]]:
        """Give the headers as bytes."""
        return [(name.encode(), value.encode("latin-1")) for name, value in self.headers]


@dataclass(frozen=True, slots=True)
class Response:
    """The HTTP response to the handshake."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        """Give the values of a header, in order."""
        return [value for key, value in self.headers if key == name]


class Wire(Protocol):
    """One WebSocket connection below its frames: a TCP connection, or one stream of many on it.

    Deadlines are in seconds. What isn't done by then raises TimeoutError, and what the other side
    has made impossible another OSError.
    """

    http_version: ClassVar[str]
    opens: ClassVar[int]
    """The status of a handshake that succeeds."""

    tcp: socket.socket
    """Below all of it, with TLS on top where the URL says so."""
    proof: str | None
    """The `sec-websocket-accept` of a handshake that succeeds, where the peer has asked for one."""

    def answer(self, deadline: float = HANDSHAKE_DEADLINE) -> Response:
        """Wait for the handshake's answer, and for its body when the handshake fails."""
        ...

    def send(self, data: bytes, deadline: float) -> None:
        """Send bytes as they are."""
        ...

    def receive(self, deadline: float) -> bytes:
        """Wait for bytes; none are the end."""
        ...

    def half_close(self) -> None:
        """End our direction."""
        ...

    def reset(self) -> None:
        """End both directions at once, in disorder."""
        ...

    def leave(self) -> None:
        """End the connection, once both sides have said goodbye."""
        ...

    def another(self, request: Request) -> "Wire":
        """Ask for one more WebSocket connection, over the same TCP connection if that is possible."""
        ...


def unverified() -> ssl.SSLContext:
    """Trust any certificate: it is our own server's."""
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
