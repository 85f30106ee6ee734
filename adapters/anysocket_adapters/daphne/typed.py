"""The classes of daphne's that are repaired, as type checkers see them; at run time each is `object`.

autobahn has types. daphne has none, and Twisted's are zope's interfaces, which checkers don't read.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

    from autobahn.twisted.websocket import WebSocketServerProtocol
    from twisted.web import http

    from anysocket.asgi import ASGIApp, ASGIEvent


class Transport(Protocol):
    """A TCP connection of Twisted's, or TLS on one."""

    producer: object

    def write(self, data: bytes, /) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: object, streaming: bool, /) -> None: ...
    def unregisterProducer(self) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...


class Headers(Protocol):
    """`twisted.web.http_headers.Headers`."""

    def getAllRawHeaders(self) -> "Sequence[tuple[bytes, Sequence[bytes]]]": ...


class Request(Protocol):
    """`twisted.web.http.Request`."""

    requestHeaders: Headers

    def isSecure(self) -> bool: ...


class DelayedCall(Protocol):
    """What Twisted's `callLater` gives."""

    func: "Callable[..., object]"

    def cancel(self) -> None: ...


if TYPE_CHECKING:

    class WebSocketProtocol(WebSocketServerProtocol):
        """`daphne.ws_protocol.WebSocketProtocol`, one object per connection."""

        # In place of an interface of zope's.
        transport: Transport  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]  # ty: ignore[incompatible-attribute-override]
        application_queue: asyncio.Queue[ASGIEvent]
        muted: bool

        def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None: ...
        def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: object = None) -> None: ...
        def serverAccept(self, answer: tuple[str | None, Mapping[str, Sequence[str]]], /) -> None: ...
        def serverReject(self) -> None: ...

    class HTTPChannel(http.HTTPChannel):
        """`twisted.web.http.HTTPChannel`, one object per TCP connection."""

        requests: list[Request]
        _dataBuffer: list[bytes]

        def headerReceived(self, line: bytes) -> bool:
            raise NotImplementedError

    class HTTPFactory:
        """`daphne.http_protocol.HTTPFactory`, one object per server."""

        def __init__(self, server: object) -> None: ...
        def buildProtocol(self, addr: object) -> object: ...

    class WebSocketFactory:
        """`daphne.ws_protocol.WebSocketFactory`, one object per server."""

        _batched_timer: asyncio.AbstractEventLoop

        def setProtocolOptions(
            self,
            *,
            maxFramePayloadSize: int,
            maxMessagePayloadSize: int,
            openHandshakeTimeout: float,
            autoPingInterval: float,
            autoPingTimeout: float,
            allowNullOrigin: bool,
        ) -> None: ...

    class Server:
        """`daphne.server.Server`."""

        connections: MutableMapping[object, MutableMapping[str, object]]
        endpoints: list[str]
        abort_start: bool
        ping_interval: float
        ping_timeout: float
        http_factory: HTTPFactory
        ws_factory: WebSocketFactory

        def __init__(
            self,
            application: ASGIApp,
            *,
            endpoints: Sequence[str],
            root_path: str,
            websocket_timeout: float,
            websocket_connect_timeout: float,
            application_close_timeout: float,
            action_logger: object,
        ) -> None: ...
        def run(self) -> None: ...
        def application_checker(self) -> None: ...

else:
    WebSocketProtocol = HTTPChannel = HTTPFactory = WebSocketFactory = Server = object
