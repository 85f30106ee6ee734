"""granian over RSGI, its own interface, with no ASGI in between.

https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md, version 1.6 as of
granian 2.8. What it lacks:

- The path is decoded, and the raw path is lost. Lines of one header name stand together. A value
  beyond ASCII is dropped.
- Accept takes neither a subprotocol nor headers, a denial neither headers nor a body.
- Close frames are empty. The peer's code and reason are lost, and so is what the peer did wrong.

A second accept panics and ends the whole server. So does a close before accept with a status that
HTTP doesn't have.
"""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import ClassVar, Final, Literal, Protocol, TypeAlias
from urllib.parse import quote

import anyio

from anysocket.asgi import ReceiveEvent, WebSocketEvent, below
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.errors import InvalidState
from anysocket.handshake import Address, Denial, Handshake, RawHeaders
from anysocket_adapters.asgi import offered
from anysocket_adapters.reading import Reader


def _gone() -> tuple[type[Exception], ...]:
    try:
        from granian._granian import RSGIProtocolClosed, RSGIProtocolError
    except ModuleNotFoundError:  # the row is listed where granian isn't installed, too
        return (ConnectionError,)
    return (RSGIProtocolClosed, RSGIProtocolError, ConnectionError)


GONE: Final = _gone()
"""The exceptions by which granian says that the peer has left."""

_BINARY: Final = 1
_TEXT: Final = 2


class RSGIHeaders(Protocol):
    """The header lines of a request."""

    def items(self) -> list[tuple[str, str]]: ...


class RSGIScope(Protocol):
    """A request."""

    proto: str
    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    headers: RSGIHeaders


class _End(Protocol):
    kind: Literal[0]


class _Binary(Protocol):
    kind: Literal[1]
    data: bytes


class _Text(Protocol):
    kind: Literal[2]
    data: str


_Message: TypeAlias = _End | _Binary | _Text


class _Socket(Protocol):
    """What accept gives."""

    def receive(self) -> Awaitable[_Message]: ...

    def send_str(self, data: str) -> Awaitable[None]: ...

    def send_bytes(self, data: bytes) -> Awaitable[None]: ...


class RSGIWebSocket(Protocol):
    """RSGI's WebSocket protocol, before accept."""

    def accept(self) -> Awaitable[_Socket]: ...

    def close(self, status: int | None = None) -> None: ...


class RSGITransport:
    """One WebSocket of granian's RSGI interface."""

    declared: ClassVar[Capabilities] = Capabilities(
        answers_before_close=Support.ABSENT,
        header_order=Support.ABSENT,
        latin1_headers=Support.ABSENT,
        raw_path=Support.ABSENT,
        accept_subprotocol=Support.ABSENT,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        compression=Support.ABSENT,
        compressed_with_ping=Support.ABSENT,
        accept_headers=Support.ABSENT,
        denial_response=Support.ABSENT,
        denial_header_duplicates=Support.ABSENT,
        denial_cookies=Support.ABSENT,
        denial_latin1_headers=Support.ABSENT,
        oversized_frame_code=Support.ABSENT,
        close_code=Support.ABSENT,
        close_reason=Support.ABSENT,
        peer_close_code=Support.ABSENT,
        peer_code_1014=Support.ABSENT,
        peer_close_reason=Support.ABSENT,
        protocol_error_close=Support.ABSENT,
        invalid_text_close=Support.ABSENT,
        protocol_error_code=Support.ABSENT,
        disconnect_before_accept=Support.ABSENT,
        keepalive=Support.ABSENT,
    )

    peer_left_errors: ClassVar[tuple[type[Exception], ...]] = GONE

    def __init__(
        self, scope: RSGIScope, protocol: RSGIWebSocket, *, root_path: str, state: Mapping[str, object]
    ) -> None:
        """Take what granian passes to an application, and the root path and the state, which it doesn't."""
        self._scope = scope
        self._protocol = protocol
        self._root_path = root_path
        self._state = state
        self._answered = False
        self._socket: _Socket = _NOT_OPEN
        self._reader: Reader[_Message] | None = None
        self._closed: asyncio.Event | None = None
        self.receive: ReceiveEvent = _not_open

    @property
    def capabilities(self) -> Capabilities:
        return self.declared

    @property
    def path(self) -> str:
        return below(self._root_path, self._scope.path)

    @property
    def headers(self) -> RawHeaders:
        return headers(self._scope)

    @property
    def handshake(self) -> Handshake:
        scope = self._scope
        raw = self.headers
        return Handshake(
            path=self.path,
            raw_path=raw_path(scope),
            root_path=self._root_path,
            query_string=scope.query_string.encode(),
            headers=raw,
            subprotocols=offered(raw),
            client=address(scope.client),
            server=address(scope.server),
            scheme="wss" if scope.scheme == "https" else "ws",
            http_version=scope.http_version,
            state=self._state,
        )

    async def wait_disconnected(self) -> None:
        await anyio.sleep_forever()  # RSGI has no event for it

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        self._answer()
        self._socket = await self._protocol.accept()
        self._reader = Reader(self._next, _event, self._let_go)
        self.receive = self._reader.receive

    async def deny(self, denial: Denial, /) -> None:
        if not 200 <= denial.status <= 599:
            raise ValueError(f"status {denial.status} isn't one of a response: use 200-599")
        self._answer()
        self._protocol.close(denial.status)

    def _answer(self) -> None:
        """Check that the handshake isn't answered twice: a second answer would end the whole server."""
        if self._answered:
            raise InvalidState("the handshake has been answered")
        self._answered = True

    async def finish(self) -> None:
        """End the connection behind the application; deny with 500 if it hasn't answered."""
        if not self._answered:
            self._answer()
            self._protocol.close(500)
        if self._closed is not None:
            await self._closed.wait()  # another task may be closing
        else:
            if self._reader is not None:
                self._reader.stop()
                self._reader.finish({"type": "websocket.disconnect"})
            self._let_go()
        self._reader, self.receive = None, _not_open  # no cycle keeps granian's objects

    def _next(self) -> Awaitable[_Message]:
        return self._socket.receive()

    def send(self, event: WebSocketEvent) -> Awaitable[None]:
        text = event.get("text")
        if text is None:
            return self._socket.send_bytes(event.get("bytes") or b"")
        return self._socket.send_str(text)

    def ended(self, event: WebSocketEvent, /) -> Close:
        return Close(event.get("code") or CloseCode.NO_STATUS_RCVD)

    async def close(self, close: Close, /) -> None:
        """Send an empty close frame, and read until the peer's.

        Unread data would reset the TCP connection, and the peer would lose what it hasn't read yet.
        """
        self._answered = True
        closed = self._closed = asyncio.Event()
        pending = None
        if self._reader is not None:
            pending = self._reader.leave()
            self._reader.finish({"type": "websocket.disconnect"})
        self._protocol.close()
        try:
            with suppress(*GONE):
                while (await (pending or self._socket.receive())).kind:
                    pending = None
        finally:
            self._let_go()
            closed.set()

    def _let_go(self) -> None:
        """End the TCP connection, which lasts as long as granian's objects do."""
        self._protocol.close()
        self._socket = _NOT_OPEN


def _event(pending: Future[_Message]) -> WebSocketEvent:
    """Make an event of a message; of an end RSGI only says whether there was a close frame."""
    try:
        message = pending.result()
    except GONE:
        return {"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE}
    if message.kind == _TEXT:
        return {"type": "websocket.receive", "text": message.data}
    if message.kind == _BINARY:
        return {"type": "websocket.receive", "bytes": message.data}
    return {"type": "websocket.disconnect"}


async def _not_open() -> WebSocketEvent:
    raise InvalidState("the connection isn't open")


class _NotOpen:
    """In place of a socket."""

    def receive(self) -> Awaitable[_Message]:
        raise ConnectionError("the connection isn't open")

    def send_str(self, data: str) -> Awaitable[None]:
        raise ConnectionError("the connection isn't open")

    def send_bytes(self, data: bytes) -> Awaitable[None]:
        raise ConnectionError("the connection isn't open")


_NOT_OPEN = _NotOpen()


def headers(scope: RSGIScope) -> RawHeaders:
    """Give the header lines; RSGI leaves out a line whose value isn't ASCII."""
    return tuple([(name.encode(), value.encode()) for name, value in scope.headers.items()])


def raw_path(scope: RSGIScope) -> bytes:
    """Encode the path again; the peer may have encoded it in another way."""
    return quote(scope.path, safe="/:@!$&'()*+,;=~").encode()


def address(value: str) -> Address | None:
    """Read `host:port`; a unix socket has a path, or nothing."""
    host, colon, port = value.rpartition(":")
    return (host.strip("[]"), int(port)) if colon and port.isdigit() else None
