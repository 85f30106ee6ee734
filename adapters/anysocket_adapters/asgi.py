"""The ASGI specification and nothing else: what every ASGI server promises, taken at its word.

https://asgi.readthedocs.io/en/latest/specs/www.html#websocket (version 2.5). It serves a server
that nobody has written an adapter for, and each adapter is a subclass that overrides what its
server bends.
"""

from collections import deque
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NotRequired, TypedDict, cast
from urllib.parse import quote

from anysocket.asgi import ASGIEvent, Receive, ReceiveEvent, Scope, Send, SendEvent, WebSocketEvent, below
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Address, Denial, Handshake, RawHeaders

_UNENCODED = "/!$&'()*+,;=:@"
"""What stands in a path as it is (RFC 3986 section 3.3)."""


class ASGITransport:
    """A transport over the three ASGI callables."""

    declared: ClassVar[Capabilities] = Capabilities()

    # "Servers should raise a server-specific subclass of OSError" (Send, version 2.4).
    peer_left_errors: ClassVar[tuple[type[Exception], ...]] = (OSError,)

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take what the server passes to an application."""
        self.scope = scope
        # A server's events have the shape that the specification gives them: hence the casts, of
        # which each would cost a connection 300 instructions at run time.
        if TYPE_CHECKING:
            self.receive: ReceiveEvent = cast("ReceiveEvent", receive)
            self.send: SendEvent = cast("SendEvent", send)
        else:
            self.receive, self.send = receive, send
        self._receive = receive
        self._send = send
        self._connected = False
        self._early: deque[WebSocketEvent] | None = None

    @property
    def capabilities(self) -> Capabilities:
        if self._has_denial_response:
            return self.declared
        return replace(self.declared, denial_status=Support.ABSENT, denial_response=Support.ABSENT)

    @property
    def _has_denial_response(self) -> bool:
        """Whether the server can deny with another response than 403 (WebSocket Denial Response)."""
        extensions = self.scope.get("extensions")
        return isinstance(extensions, dict) and "websocket.http.response" in extensions

    @property
    def path(self) -> str:
        return below(str(self.scope.get("root_path", "")), str(self.scope["path"]))

    @property
    def headers(self) -> RawHeaders:
        return tuple(cast("_WebSocketScope", self.scope)["headers"])

    @property
    def handshake(self) -> Handshake:
        return self._handshake()

    def _handshake(self, prefix: str = "") -> Handshake:
        """Read the scope, believing that each key holds what the specification says: hence the cast.

        Args:
            prefix: what the server has put before the raw path.
        """
        scope = cast("_WebSocketScope", self.scope)
        raw_path = scope.get("raw_path")
        if raw_path is None:
            raw_path = quote(scope["path"], safe=_UNENCODED).encode()
        elif prefix:
            raw_path = raw_path.removeprefix(prefix.encode())
        return Handshake(
            path=self.path,
            raw_path=raw_path,
            root_path=scope.get("root_path", ""),
            query_string=scope.get("query_string", b""),
            headers=self.headers,
            # Most servers give the empty elements of the peer's list too, which are none.
            subprotocols=tuple(each for each in scope.get("subprotocols", ()) if each),
            client=address(scope.get("client")),
            server=address(scope.get("server")),
            scheme=scope.get("scheme", "ws"),
            http_version=scope.get("http_version", "1.1"),
            state=scope.get("state", {}),
        )

    def ended(self, event: WebSocketEvent, /) -> Close:
        return Close(event.get("code") or CloseCode.NO_STATUS_RCVD, event.get("reason") or "")

    async def wait_disconnected(self) -> None:
        await self._connect()
        receive = self.receive
        while (event := await receive())["type"] != "websocket.disconnect":
            if self._early is None:
                self._early = deque()
                self.receive = partial(self._receive_early, receive, self._early)
            self._early.append(event)

    async def _receive_early(self, receive: ReceiveEvent, early: deque[WebSocketEvent]) -> WebSocketEvent:
        return early.popleft() if early else await receive()

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        if not self._connected:  # as `_connect` does, without a coroutine for each connection
            self._connected = True
            _see_that_it_connects(await self._receive())
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": list(headers)})

    async def deny(self, denial: Denial, /) -> None:
        await self._connect()
        if self._has_denial_response:
            await self._respond(denial)
        else:
            await self._send({"type": "websocket.close"})  # 403, and the core asks for nothing else

    async def _connect(self) -> None:
        """Take the connect event, which comes before everything else."""
        if self._connected:
            return
        self._connected = True
        _see_that_it_connects(await self._receive())

    async def _respond(self, denial: Denial) -> None:
        headers = list(denial.headers)
        await self._send(
            {"type": "websocket.http.response.start", "status": denial.status, "headers": headers}
        )
        await self._send({"type": "websocket.http.response.body", "body": denial.body})

    def close(self, close: Close, /) -> Awaitable[None]:
        return self._send({"type": "websocket.close", "code": int(close.code), "reason": close.reason})


def _see_that_it_connects(event: ASGIEvent) -> None:
    if event["type"] != "websocket.connect":
        raise ConnectionError("the peer left during the handshake")


class _WebSocketScope(TypedDict):
    """What the specification says of a scope."""

    path: str
    raw_path: NotRequired[bytes | None]
    root_path: NotRequired[str]
    query_string: NotRequired[bytes]
    headers: Iterable[tuple[bytes, bytes]]
    subprotocols: NotRequired[Sequence[str]]
    client: NotRequired[object]
    server: NotRequired[object]
    scheme: NotRequired[str]
    http_version: NotRequired[str]
    state: NotRequired[dict[str, object]]


def http_response(denial: Denial) -> bytes:
    """Write a denial as HTTP/1.1, for a server that can't say it; the connection ends behind it."""
    return (
        b"HTTP/1.1 %d \r\n" % denial.status
        + b"".join(b"%b: %b\r\n" % line for line in denial.headers)
        + b"connection: close\r\n\r\n"
        + denial.body
    )


def offered(headers: RawHeaders) -> tuple[str, ...]:
    """Read the subprotocols from the header lines; empty elements are none (RFC 9110 section 5.6.1)."""
    lines = [value.decode("latin-1") for name, value in headers if name == b"sec-websocket-protocol"]
    return tuple(each.strip() for line in lines for each in line.split(",") if each.strip())


def address(value: object) -> Address | None:
    """Read a host and a port; a unix socket has none."""
    pair = cast("Sequence[object] | None", value)
    if pair is None or len(pair) != 2:
        return None
    host, port = pair
    return (host, port) if isinstance(host, str) and isinstance(port, int) else None
