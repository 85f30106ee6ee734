"""HTTP of an ASGI app over RSGI, for requests that an app answers beside its WebSockets.

As of granian 2.8 a status that HTTP doesn't have panics and ends the whole server. A header that
can't be sent is left out, and a value is sent as UTF-8. A response that breaks off looks complete
to the peer.
"""

from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from typing import Protocol, cast

from anysocket.asgi import ASGIApp, ASGIEvent
from anysocket_adapters.granian.rsgi import GONE, RSGIScope, address, headers, raw_path

_Lines = list[tuple[str, str]]


class _Stream(Protocol):
    """A response that is sent in parts."""

    def send_bytes(self, data: bytes) -> Awaitable[None]: ...


class RSGIHTTP(Protocol):
    """RSGI's HTTP protocol; as an iterator it gives the request's body."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def client_disconnect(self) -> Awaitable[None]: ...

    def response_bytes(self, status: int, headers: _Lines, body: bytes) -> None: ...

    def response_stream(self, status: int, headers: _Lines) -> _Stream: ...


async def serve(
    app: ASGIApp, scope: RSGIScope, protocol: RSGIHTTP, *, root_path: str, state: Mapping[str, object]
) -> None:
    """Answer one request."""
    raw = headers(scope)
    exchange = _Exchange(protocol, dict(raw).get(b"content-length"), scope.http_version)
    await app(
        {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.0" if scope.http_version == "1" else scope.http_version,
            "method": scope.method,
            "scheme": scope.scheme,
            "path": scope.path,
            "raw_path": raw_path(scope),
            "query_string": scope.query_string.encode(),
            "root_path": root_path,
            "headers": list(raw),
            "client": address(scope.client),
            "server": address(scope.server),
            "state": dict(state),
            "extensions": {},
        },
        exchange.receive,
        exchange.send,
    )


class _Exchange:
    """A request and its response."""

    def __init__(self, protocol: RSGIHTTP, content_length: bytes | None, http_version: str) -> None:
        self._protocol = protocol
        self._body: AsyncIterator[bytes] | None = None
        self._content_length = content_length
        self._http_version = http_version
        self._received = 0
        self._empty_parts = 0
        self._read = False
        self._peer_left_errors = False
        self._start: tuple[int, _Lines] | None = None
        self._stream: _Stream | None = None
        self._sent = False

    async def receive(self) -> ASGIEvent:
        if self._body is None:
            self._body = aiter(self._protocol)
        while not self._read:
            try:
                part = await self._body.__anext__()  # anext with a default would crash CPython 3.11
            except StopAsyncIteration:
                self._read = True
                if self._is_whole():
                    return {"type": "http.request", "body": b"", "more_body": False}
                self._peer_left_errors = True
            else:
                if part:
                    self._received += len(part)
                    return {"type": "http.request", "body": part, "more_body": True}
                self._empty_parts += 1
        if not self._sent and not self._peer_left_errors:
            await self._protocol.client_disconnect()
        return {"type": "http.disconnect"}

    def _is_whole(self) -> bool:
        """Tell whether the body ended: one that broke off ends in another empty part (granian 2.8)."""
        if self._content_length is not None:
            return self._received == int(self._content_length)
        return self._empty_parts <= 1 or self._http_version == "2"

    async def send(self, event: ASGIEvent) -> None:
        match event["type"]:
            case "http.response.start":
                if self._start is not None:
                    raise RuntimeError("the response has been started")
                self._start = _status(event["status"]), _lines(event.get("headers", ()))
            case "http.response.body":
                if self._start is None or self._sent:
                    raise RuntimeError("the response is complete" if self._sent else "it isn't started yet")
                body = bytes(cast("bytes", event.get("body", b"")))
                await self._send_body(self._start, body, more=bool(event.get("more_body", False)))
            case other:
                raise RuntimeError(f"{other} isn't an event of this response")

    async def _send_body(self, start: tuple[int, _Lines], body: bytes, *, more: bool) -> None:
        self._sent = not more
        if self._stream is None and not more:
            self._protocol.response_bytes(*start, body)
            return
        if self._stream is None:
            self._stream = self._protocol.response_stream(*start)
        if body:
            try:
                await self._stream.send_bytes(body)
            except GONE as error:
                raise ConnectionError("the peer has left") from error
        if not more:
            self._stream = None  # which ends the response


def _status(value: object) -> int:
    if not isinstance(value, int) or not 200 <= value <= 599:
        raise ValueError(f"status {value!r} isn't one of a response: use 200-599")
    return int(value)


def _lines(value: object) -> _Lines:
    raw = cast("Iterable[tuple[bytes, bytes]]", value)
    return [(name.decode("latin-1"), _text(value)) for name, value in raw]


def _text(value: bytes) -> str:
    """Decode a value so that granian, which sends UTF-8, sends these bytes, if they are UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
