"""The handshake as a handler sees it, with the connection that it opens."""

from collections.abc import Mapping
from functools import cached_property

from anysocket.handshake import Address, Handshake, HeaderLines, denial
from anysocket.multidict import Headers, Query
from anysocket.session import Session
from anysocket.websocket import WebSocket


class WebSocketRequest:
    """The peer's request to open a connection (contract H1).

    Read-only; what nobody asks for is never parsed.
    """

    def __init__(self, handshake: Handshake, session: Session, path_params: Mapping[str, str]) -> None:
        self._handshake = handshake
        self._session = session
        self._path_params = path_params

    @property
    def web_socket(self) -> WebSocket:
        """The connection itself."""
        return self._session

    @property
    def path_params(self) -> Mapping[str, str]:
        """What the braces of the route matched: `/chat/{room}` gives `path_params["room"]`."""
        return self._path_params

    @property
    def path(self) -> str:
        """The path, percent-decoded, without the query and without the root path."""
        return self._handshake.path

    @property
    def raw_path(self) -> bytes:
        """The path as it came over the wire, without the query."""
        return self._handshake.raw_path

    @property
    def root_path(self) -> str:
        """Where the application is mounted; empty at the root."""
        return self._handshake.root_path

    @cached_property
    def query(self) -> Query:
        """The query parameters."""
        return Query.from_raw(self._handshake.query_string)

    @cached_property
    def headers(self) -> Headers:
        """The header lines."""
        return Headers.from_raw(self._handshake.headers)

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """The subprotocols that the peer offers, in its order of preference."""
        return self._handshake.subprotocols

    @property
    def client(self) -> Address | None:
        """The peer's host and port, and None where there are none, as on a unix socket."""
        return self._handshake.client

    @property
    def server(self) -> Address | None:
        """The host and port that the peer connected to, and None where there are none."""
        return self._handshake.server

    @property
    def scheme(self) -> str:
        """`ws`, or `wss` over TLS."""
        return self._handshake.scheme

    @property
    def http_version(self) -> str:
        """`1.1`, or `2` (RFC 8441)."""
        return self._handshake.http_version

    @property
    def state(self) -> Mapping[str, object]:
        """What the application's lifespan yielded."""
        return self._handshake.state

    async def wait_closed(self) -> int:
        """Wait until the connection is closed, and give its close code (contract C6).

        For a handler that doesn't receive, or a task beside one that does. Messages that come
        meanwhile stay to be received, even after the end: up to 32 of them or 1 MiB, then the
        peer is suspended.

        Raises:
            InvalidState: before accept.
        """
        return await self._session.wait_closed()

    async def deny(self, status: int = 403, headers: HeaderLines = (), body: str | bytes = b"") -> None:
        """Refuse the connection with an HTTP response instead of accepting it (contract H3).

        Args:
            status: from 300 to 599.
            headers: lines of the response; content-length, and content-type for a str, are added.
            body: a str is sent as UTF-8.

        Raises:
            ValueError: the status or a header can't be sent. Nothing has been.
            InvalidState: the handshake has been answered before.
            Unsupported: the server can't send this response. Nothing has been sent.
        """
        await self._session.deny(denial(status, headers, body))
