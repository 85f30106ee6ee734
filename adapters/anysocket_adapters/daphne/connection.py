"""What is repaired in one WebSocket of daphne, whose protocol is autobahn's on Twisted."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol, cast, runtime_checkable

from anysocket.asgi import ASGIEvent, ReceiveEvent, WebSocketEvent
from anysocket.close import Close, CloseCode
from anysocket.handshake import Denial, RawHeaders
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE
from anysocket.session.websocket import CLOSE_TIMEOUT
from anysocket_adapters.asgi import http_response
from anysocket_adapters.repairs.known import once_for_each_class

_MAX_EARLY_SIZE = 64 * 1024
"""Bytes that a peer may send before its handshake is answered."""


class TwistedTransport(Protocol):
    """A TCP connection, or TLS on one."""

    producer: object

    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: object, streaming: bool, /) -> None: ...
    def unregisterProducer(self) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...


class _Deferred(Protocol):
    def addCallback(self, callback: Callable[[object], object], /) -> object: ...


@runtime_checkable
class WebSocketProtocol(Protocol):
    """What is used of `daphne.ws_protocol.WebSocketProtocol`, one object per connection."""

    STATE_CONNECTING: int
    STATE_OPEN: int
    state: int
    transport: TwistedTransport
    http_request_uri: str
    websocket_protocols: Sequence[str]
    websocket_extensions: Sequence[object]
    data: bytes
    muted: bool
    wasClean: bool
    remoteCloseReason: str | None
    failByDrop: bool
    echoCloseCodeReason: bool
    closeHandshakeTimeout: float
    autoPingTimeout: float
    is_closed: _Deferred
    consumeData: Callable[[], None]
    onMessage: Callable[[bytes, bool], None]
    onCloseFrame: Callable[[int | None, bytes | None], bool | None]
    onAutoPingTimeout: Callable[[], None]
    dropConnection: Callable[[bool], None]
    sendCloseFrame: Callable[[int | None, bytes | None, bool], None]
    sendData: Callable[[bytes], None]
    sendHttpErrorResponse: Callable[[int, str, object], None]

    def sendFrame(self, opcode: int, payload: bytes) -> None: ...
    def _sendAutoPing(self) -> None: ...
    def serverAccept(self, answer: tuple[str | None, Mapping[str, Sequence[str]]], /) -> None: ...
    def serverReject(self) -> None: ...


as_protocol: Callable[[object], WebSocketProtocol | None] = once_for_each_class(
    lambda found: found if isinstance(found, WebSocketProtocol) else None
)


class _Headers(Protocol):
    def getAllRawHeaders(self) -> Iterable[tuple[bytes, Sequence[bytes]]]: ...


class _Request(Protocol):
    requestHeaders: _Headers

    def isSecure(self) -> bool: ...


@runtime_checkable
class HTTPChannel(Protocol):
    """What is used of `twisted.web.http.HTTPChannel`, which has read the handshake's request."""

    requests: list[_Request]
    _dataBuffer: list[bytes]


def channel(protocol: WebSocketProtocol) -> HTTPChannel | None:
    """Find what the protocol got its connection from."""
    producer = protocol.transport.producer
    found: object = getattr(producer, "_producer", producer)  # TLS wraps the producer
    return found if isinstance(found, HTTPChannel) and found.requests else None


class Connection:
    """Stands between a protocol and its handler: it takes the place of some of the protocol's methods."""

    def __init__(
        self, protocol: WebSocketProtocol, channel: HTTPChannel | None, queue: "asyncio.Queue[ASGIEvent]"
    ) -> None:
        self._protocol = protocol
        self._queue = queue
        self._get = cast("ReceiveEvent", queue.get)
        self._ended = False
        self._peer_code: int | None = None
        self._unread_size = 0
        self._deaf_until = 0.0
        """The time from which a pong that doesn't come is the peer's fault."""
        self._room = asyncio.Event()
        self._room.set()
        self._lost = asyncio.Event()

        protocol.failByDrop = False  # but with a close frame, as RFC 6455 section 7.1.7 says
        protocol.echoCloseCodeReason = True
        protocol.closeHandshakeTimeout = CLOSE_TIMEOUT  # instead of a second
        self._consume_data, protocol.consumeData = protocol.consumeData, self._keep_data
        self._on_message, protocol.onMessage = protocol.onMessage, self._on_bounded_message
        self._on_close, protocol.onCloseFrame = protocol.onCloseFrame, self._on_any_close
        self._on_ping_timeout, protocol.onAutoPingTimeout = protocol.onAutoPingTimeout, self._on_fair_timeout
        self._send_close, protocol.sendCloseFrame = protocol.sendCloseFrame, self._answer_or_fail
        self._drop, protocol.dropConnection = protocol.dropConnection, self._drop_when_sent
        if channel is not None:
            # What came in the packet of the handshake waits there for the end of the HTTP request.
            protocol.data = b"".join(channel._dataBuffer) + protocol.data  # pyright: ignore[reportPrivateUsage]
            channel._dataBuffer.clear()  # pyright: ignore[reportPrivateUsage]
        self._keep_data()
        protocol.is_closed.addCallback(self._lose)

    # The handshake

    def _keep_data(self) -> None:
        """Keep what comes before accept, where autobahn would look for another handshake."""
        if len(self._protocol.data) > _MAX_EARLY_SIZE:
            self._protocol.transport.pauseProducing()
        else:
            self._protocol.transport.resumeProducing()

    def accept(self, subprotocol: str | None, headers: RawHeaders) -> None:
        """Complete the handshake, and read on."""
        self._check_connecting()
        protocol, transport = self._protocol, self._protocol.transport
        send_data = protocol.sendData

        def send_in_latin1(response: bytes) -> None:
            protocol.sendData = send_data
            send_data(response.decode().encode("latin-1"))

        lines: dict[str, list[str]] = {}
        for name, value in headers:
            lines.setdefault(name.decode("ascii"), []).append(value.decode("latin-1"))
        protocol.websocket_extensions = ()  # daphne takes none, and a senseless offer is no bad request
        protocol.sendData = send_in_latin1
        protocol.consumeData = self._consume_data
        transport.unregisterProducer()
        transport.registerProducer(self, True)
        transport.resumeProducing()
        protocol.serverAccept((subprotocol, lines))

    def deny(self, denial: Denial) -> None:
        """Send this response where autobahn would send its own."""
        self._check_connecting()

        def respond(code: int, reason: str, headers: object) -> None:
            self._protocol.sendData(http_response(denial))

        self._protocol.sendHttpErrorResponse = respond
        self._protocol.serverReject()

    def _check_connecting(self) -> None:
        if self._protocol.state != self._protocol.STATE_CONNECTING:
            raise ConnectionError("the peer left during the handshake")

    # Messages out: Twisted pauses and resumes us, its producer, by the size of its buffer

    async def send(self, event: WebSocketEvent) -> None:
        """Send a message, once there is room."""
        text = event.get("text")
        payload = bytes(event.get("bytes") or b"") if text is None else text.encode()
        while not self._room.is_set():
            await self._room.wait()
        if self._protocol.state != self._protocol.STATE_OPEN:
            raise ConnectionError("the peer has left")
        self._protocol.sendFrame(2 if text is None else 1, payload)

    def pauseProducing(self) -> None:
        """There is no room."""
        self._room.clear()

    def resumeProducing(self) -> None:
        """There is room."""
        self._room.set()

    stopProducing = resumeProducing

    # Messages in: a peer is suspended by not reading from it

    def receive(self) -> Awaitable[WebSocketEvent]:
        """Give the next event, and read on when it is the last."""
        if self._deaf_until == math.inf and self._queue.empty():
            self._read_on()
        return self._get()

    def _on_bounded_message(self, payload: bytes, isBinary: bool) -> None:
        if self._ended:
            return
        if self._queue.empty():
            self._unread_size = 0
        self._on_message(payload, isBinary)
        self._unread_size += len(payload)
        if self._queue.qsize() >= MAX_UNREAD or self._unread_size >= MAX_UNREAD_SIZE:
            self._deaf_until = math.inf
            self._protocol.transport.pauseProducing()

    def _read_on(self) -> None:
        self._deaf_until = asyncio.get_running_loop().time() + self._protocol.autoPingTimeout
        self._protocol.transport.resumeProducing()

    def _on_fair_timeout(self) -> None:
        """Forgive a missing pong that may not have been read."""
        if asyncio.get_running_loop().time() < self._deaf_until:
            self._protocol._sendAutoPing()  # pyright: ignore[reportPrivateUsage]
        else:
            self._on_ping_timeout()

    # The end

    async def close(self, close: Close) -> None:
        """Wait for the end of the closing handshake, and when that is given up, for no silent peer."""
        self._send_close_and_tell(close.code, close.reason.encode())
        try:
            await self._lost.wait()
        finally:
            self._protocol.transport.abortConnection()

    def _lose(self, _: object) -> None:
        self._lost.set()
        self._end(Close(CloseCode.ABNORMAL_CLOSURE))

    def _on_any_close(self, code: int | None, reasonRaw: bytes | None) -> bool | None:
        self._peer_code = code
        # autobahn knows the registered codes up to 1013, and takes the next one for an error.
        return self._on_close(1000 if code == CloseCode.BAD_GATEWAY else code, reasonRaw)

    def _answer_or_fail(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """Answer the peer's close, or fail the connection: then no answer counts (RFC 6455 section 7.1.7)."""
        self._send_close_and_tell(code, reasonUtf8, isReply)
        if not isReply:
            self._drop(False)

    def _send_close_and_tell(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        if self._protocol.state != self._protocol.STATE_OPEN:
            return
        if isReply:
            code = self._peer_code
        self._send_close(code, reasonUtf8, isReply)
        reason = self._protocol.remoteCloseReason if isReply else (reasonUtf8 or b"").decode()
        self._end(Close(CloseCode.NO_STATUS_RCVD if code is None else code, reason or ""))

    def _drop_when_sent(self, abort: bool = False) -> None:
        """End the TCP connection, after a closing handshake not before everything is sent."""
        self._drop(abort and not self._protocol.wasClean)

    def _end(self, close: Close) -> None:
        """Tell whoever receives or sends. daphne does so when the TCP connection has ended too."""
        if self._ended:
            return
        self._ended = True
        self._protocol.muted = True  # nothing more from daphne itself
        self._queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self._room.set()
        self._read_on()
