"""daphne, and how to serve on it.

What differs from the specification, as of 4.2 (https://github.com/django/daphne); its WebSockets
are those of autobahn 26.10:

- Header lines of one name are joined, and their order among other names is lost. Names with an
  underscore are dropped, and so is what follows a semicolon in the path. There is no scheme,
  no state and no lifespan.
- An extension offered with wrong parameters is a bad request, and so is a list of subprotocols
  with two empty elements.
- Headers of accept and denial responses are dropped; a handler that returns without an answer
  leaves the peer waiting. A message in the packet of the handshake is lost.
- Empty messages aren't sent, nor are close reasons and the close codes 1001-2999.
- A close frame is answered with 1000, a peer that breaks the protocol with a lost connection.
- The peer's close reason is lost, and so are sends after it has left.
- Neither side waits for the other: what isn't sent or received yet is kept, however much it is.
"""

import asyncio
import logging
import math
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from socket import socket
from typing import ClassVar, Protocol, cast
from urllib.parse import unquote

import anyio
from anyio import Event

from anysocket.asgi import ASGIApp, ASGIEvent, Receive, ReceiveEvent, Scope, Send, SendEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close
from anysocket.errors import Unsupported
from anysocket.handshake import Denial, Handshake, RawHeaders
from anysocket.session.websocket import MAX_MESSAGE_SIZE
from anysocket.transport import Transport
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.daphne.connection import (
    Connection,
    HTTPChannel,
    TwistedTransport,
    WebSocketProtocol,
    as_protocol,
    channel,
)
from anysocket_adapters.daphne.failure_check import LookingServer, keep_looking
from anysocket_adapters.daphne.header_lines import Factory, keep_lines, lines_of
from anysocket_adapters.daphne.reactor import Port, Reactor, accepted_by, cancel_calls, in_this_loop, tls
from anysocket_adapters.lifespan import Lifespan
from anysocket_adapters.options import OptionName, Options
from anysocket_adapters.repairs.versions import unknown
from anysocket_adapters.server import Server

_POLL = 0.01
"""Seconds between two looks at whether the connections have ended."""


class DaphneTransport(ASGITransport):
    """daphne's WebSocket protocol; one that looks different is taken as the specification."""

    declared: ClassVar[Capabilities] = Capabilities(
        header_order=Support.REPAIRED,
        header_duplicates=Support.REPAIRED,
        header_underscores=Support.REPAIRED,
        path_parameters=Support.REPAIRED,
        malformed_extension_offer=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        compression=Support.ABSENT,
        compressed_with_ping=Support.ABSENT,
        accept_headers=Support.REPAIRED,
        denial_status=Support.REPAIRED,
        denial_response=Support.REPAIRED,
        denial_header_duplicates=Support.REPAIRED,
        denial_cookies=Support.REPAIRED,
        denial_latin1_headers=Support.REPAIRED,
        denial_unnamed_status=Support.REPAIRED,
        no_answer=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        empty_messages=Support.REPAIRED,
        cancelled_send=Support.REPAIRED,
        oversized_frame_code=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        send_pressure=Support.REPAIRED,
        receive_pressure=Support.REPAIRED,
        early_message=Support.REPAIRED,
        close_codes=Support.REPAIRED,
        close_reason=Support.REPAIRED,
        close_echo=Support.REPAIRED,
        peer_code_1014=Support.REPAIRED,
        peer_close_reason=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
        protocol_error_code=Support.REPAIRED,
        end_while_sending=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._connection: Connection | None = None
        self._request: Handshake | None = None
        protocol = as_protocol(send.args[0] if isinstance(send, partial) and send.args else None)
        queue: object = getattr(receive, "__self__", None)
        if protocol is None or not isinstance(queue, asyncio.Queue):
            unknown("daphne", "all repairs")
        else:
            http = channel(protocol)
            if http is None:
                unknown("daphne", "the single header lines and what came behind the handshake")
            self._request = _request(super().handshake, protocol, http)
            self._connection = Connection(protocol, http, cast("asyncio.Queue[ASGIEvent]", queue))
            self.receive: ReceiveEvent = self._connection.receive
            self.send: SendEvent = self._connection.send

    @property
    def capabilities(self) -> Capabilities:
        # daphne has no denial response of ASGI's, and with our repairs needs none.
        return super().capabilities if self._connection is None else self.declared

    @property
    def path(self) -> str:
        return super().path if self._request is None else self._request.path

    @property
    def headers(self) -> RawHeaders:
        return super().headers if self._request is None else self._request.headers

    @property
    def handshake(self) -> Handshake:
        return self._request or super().handshake

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        if self._connection is not None:
            await self._connect()
            self._connection.accept(subprotocol, headers)
        elif headers:
            raise Unsupported("this version of daphne drops the headers of accept")
        else:
            await super().accept(subprotocol, headers)

    async def deny(self, denial: Denial, /) -> None:
        if self._connection is None:
            await super().deny(denial)
        else:
            await self._connect()
            self._connection.deny(denial)

    async def close(self, close: Close, /) -> None:
        if self._connection is None:
            await super().close(close)
        else:
            await self._connection.close(close)


def _request(plain: Handshake, protocol: WebSocketProtocol, http: HTTPChannel | None) -> Handshake:
    """Give the request as the peer sent it, of which daphne has left out some."""
    # autobahn takes the last segment's parameters off the path, as urllib.parse.urlparse does.
    target = protocol.http_request_uri.partition("?")[0].encode("latin-1")
    parameters = target[len(plain.raw_path) :] if target.startswith(plain.raw_path + b";") else b""
    request = plain._replace(
        path=plain.path + unquote(parameters.decode("ascii")),
        raw_path=plain.raw_path + parameters,
        subprotocols=tuple(protocol.websocket_protocols),  # the scope's are percent-decoded
    )
    if http is None:
        return request
    by_name = http.requests[-1].requestHeaders.getAllRawHeaders()
    return request._replace(
        scheme="wss" if http.requests[-1].isSecure() else "ws",
        headers=lines_of(http.requests[-1])
        or tuple((name.lower(), value) for name, values in by_name for value in values),
    )


class _ProtocolFactory(Protocol):
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


class _DaphneServer(LookingServer, Protocol):
    """What is used of `daphne.server.Server`."""

    endpoints: list[str]
    abort_start: bool
    ping_interval: float
    ping_timeout: float
    http_factory: Factory
    ws_factory: _ProtocolFactory

    def run(self) -> None: ...


class _NewServer(Protocol):
    def __call__(
        self,
        application: ASGIApp,
        *,
        endpoints: Sequence[str],
        root_path: str,
        websocket_timeout: float,
        websocket_connect_timeout: float,
        application_close_timeout: float,
        action_logger: object,
    ) -> _DaphneServer: ...


class _Module(Protocol):
    """daphne has no types."""

    Server: _NewServer
    reactor: object


class Daphne(Server):
    """daphne, its reactor in our event loop."""

    name = "daphne"
    distribution = "daphne"
    transport: type[Transport] = DaphneTransport

    def refuses(self, options: Options) -> Mapping[OptionName, str]:
        return {"compression": "doesn't compress"} if options.compression else {}

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        lifespan = Lifespan(app)
        await lifespan.startup()
        scheme = "ws" if options.tls_certificate is None else "wss"

        async def completed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket":
                scope.update(scheme=scheme, http_version="1.1")
            scope["state"] = lifespan.state.copy()
            await app(scope, receive, send)

        logging.getLogger("daphne").setLevel(options.log_level.upper())
        daphne = cast("_Module", import_module("daphne.server"))
        try:
            with in_this_loop(daphne.reactor) as reactor:
                server = _server(daphne, completed, options)
                await _serve_until(stop, server, reactor, options, listener)
        finally:
            await lifespan.shutdown()


def _server(daphne: _Module, app: ASGIApp, options: Options) -> _DaphneServer:
    """Set a daphne server up, all but listening and running the reactor."""
    server = daphne.Server(
        app,
        endpoints=["ours"],  # it won't do without, and the listener is adopted instead
        root_path=options.root_path,
        websocket_timeout=-1,  # instead of a day, after which it would close the connection
        websocket_connect_timeout=math.inf,
        # Instead of 10 seconds, after which it would cancel a handler whose peer has left.
        application_close_timeout=math.inf,
        action_logger=_access_log() if options.access_log else None,
    )
    interval = server.ping_interval if options.ping_interval is None else options.ping_interval
    server.ping_interval = math.inf  # autobahn's own pings never overlap and are on time
    if options.ping_timeout is not None:
        server.ping_timeout = options.ping_timeout
    server.endpoints = []
    server.abort_start = True
    keep_looking(server)
    server.run()
    keep_lines(server.http_factory)
    size = MAX_MESSAGE_SIZE if options.max_message_size is None else options.max_message_size
    # autobahn's own timer counts in whole seconds, and rounds down.
    server.ws_factory._batched_timer = asyncio.get_running_loop()  # pyright: ignore[reportPrivateUsage]
    server.ws_factory.setProtocolOptions(
        maxFramePayloadSize=size,
        maxMessagePayloadSize=size,
        openHandshakeTimeout=0,  # a handler may think before it answers
        autoPingInterval=interval,
        autoPingTimeout=server.ping_timeout,
        allowNullOrigin=True,
    )
    return server


def _access_log() -> object:
    return import_module("daphne.access").AccessLogGenerator(sys.stdout)


async def _serve_until(
    stop: Event, server: _DaphneServer, reactor: Reactor, options: Options, listener: socket
) -> None:
    factory: object = server.http_factory
    if options.tls_certificate is not None and options.tls_key is not None:
        factory = tls(factory, options.tls_certificate, options.tls_key)
    listener.listen(2048)
    port = reactor.adoptStreamPort(listener.fileno(), listener.family, factory)
    try:
        try:
            await stop.wait()
        finally:
            port.stopListening()
        with anyio.move_on_after(options.graceful_timeout):
            while any(map(_is_live, server.connections.values())):  # noqa: ASYNC110
                await anyio.sleep(_POLL)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(server, reactor, port)


def _is_live(details: Mapping[str, object]) -> bool:
    application = details.get("application_instance")
    return not details.get("disconnected") or (
        isinstance(application, asyncio.Future) and not application.done()
    )


async def _end(server: _DaphneServer, reactor: Reactor, port: Port) -> None:
    """Leave nothing in the event loop: connections end as they should, or else at once."""
    cancel_calls(reactor, server)
    for details in server.connections.values():
        application = details.get("application_instance")
        if isinstance(application, asyncio.Future):
            application.cancel()
    for connection in _left(server, reactor, port):
        connection.loseConnection()
    await anyio.sleep(_POLL)
    for connection in _left(server, reactor, port):
        connection.abortConnection()
    await anyio.sleep(_POLL)


def _left(server: _DaphneServer, reactor: Reactor, port: Port) -> list[TwistedTransport]:
    """Give the connections that are busy, which may not be read now, and those that are idle."""
    busy = [each for each, details in server.connections.items() if not details.get("disconnected")]
    found = [getattr(each, "transport", None) for each in busy] + list(accepted_by(reactor, port))
    return [cast("TwistedTransport", each) for each in found if each is not None]


daphne: Server = Daphne()
