"""daphne, and how to serve on it: its reactor in our event loop."""

import asyncio
import logging
import math
from collections.abc import Mapping, MutableMapping
from importlib import import_module
from socket import socket
from typing import cast

import anyio
from anyio import Event

from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket.session.websocket import MAX_MESSAGE_SIZE
from anysocket.transport import Transport
from anysocket_adapters.daphne.failure_check import SERVER, KnowsConnections
from anysocket_adapters.daphne.header_lines import FACTORY
from anysocket_adapters.daphne.reactor import Port, Reactor, accepted_by, cancel_calls, in_this_loop, tls
from anysocket_adapters.daphne.transport import DaphneTransport, repair
from anysocket_adapters.daphne.typed import HTTPFactory, WebSocketFactory
from anysocket_adapters.daphne.typed import Server as DaphneServer
from anysocket_adapters.daphne.typed import Transport as TwistedTransport
from anysocket_adapters.lifespan import Lifespan
from anysocket_adapters.options import OptionName, Options
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.server import Server, ServerFailed
from anysocket_adapters.serving import logs

_POLL = 0.01
"""Seconds between two looks at whether the connections have ended."""

WEBSOCKETS = Repairs("daphne", "daphne.ws_protocol:WebSocketFactory")


@WEBSOCKETS.repair(needs=("_batched_timer",))
class KeepsTime(WebSocketFactory):
    """autobahn's own timer counts in whole seconds, and rounds down."""

    def count_in(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have an event loop time the pings."""
        self._batched_timer = loop


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
        module: object = import_module("daphne.server")
        try:
            with in_this_loop(getattr(module, "reactor", None)) as reactor:
                try:
                    server = _server(completed, options)
                except (AttributeError, TypeError) as error:
                    raise ServerFailed(f"daphne {self.version} can't be set up: {error}") from error
                await _serve_until(stop, server, reactor, options, listener)
        finally:
            await lifespan.shutdown()


def _server(app: ASGIApp, options: Options) -> DaphneServer:
    """Set a daphne server up, all but listening and running the reactor.

    Raises:
        ServerFailed: there is no such server in this release.
    """
    kind = cast("type[DaphneServer] | None", SERVER.subclass())
    if kind is None:
        raise ServerFailed(f"daphne can't be set up: there is no {SERVER.target}")
    server = kind(
        app,
        endpoints=["replaced"],  # it exits without one; the reactor adopts the listener instead
        root_path=options.root_path,
        websocket_timeout=-1,  # instead of closing each connection after a day
        websocket_connect_timeout=math.inf,
        # Instead of cancelling a handler 10 seconds after its peer has left.
        application_close_timeout=math.inf,
        action_logger=_access_log() if options.access_log else None,
    )
    interval = server.ping_interval if options.ping_interval is None else options.ping_interval
    server.ping_interval = math.inf  # autobahn's pings instead, which never overlap and are on time
    if options.ping_timeout is not None:
        server.ping_timeout = options.ping_timeout
    server.endpoints = []
    server.abort_start = True
    server.run()
    if (factory := cast("type[HTTPFactory] | None", FACTORY.subclass())) is not None:
        server.http_factory = factory(server)  # in place of the one that hasn't served yet
    websockets = server.ws_factory
    repair(WEBSOCKETS, websockets)
    if isinstance(websockets, KeepsTime):
        websockets.count_in(asyncio.get_running_loop())
    size = MAX_MESSAGE_SIZE if options.max_message_size is None else options.max_message_size
    websockets.setProtocolOptions(
        maxFramePayloadSize=size,
        maxMessagePayloadSize=size,
        openHandshakeTimeout=0,  # a handler may take its time to answer
        autoPingInterval=interval,
        autoPingTimeout=server.ping_timeout,
        allowNullOrigin=True,
    )
    return server


def _access_log() -> object:
    return import_module("daphne.access").AccessLogGenerator(logs.Lines())


async def _serve_until(
    stop: Event, server: DaphneServer, reactor: Reactor, options: Options, listener: socket
) -> None:
    factory: object = server.http_factory
    if options.tls_certificate is not None and options.tls_key is not None:
        factory = tls(factory, options.tls_certificate, options.tls_key)
    listener.listen(2048)
    port = reactor.adoptStreamPort(listener.fileno(), listener.family, factory)
    if options.unix_socket is not None:  # Twisted has made it 666
        options.unix_socket.chmod(options.unix_socket_mode)
    try:
        try:
            await stop.wait()
        finally:
            port.stopListening()
        with anyio.move_on_after(options.graceful_timeout):
            while any(map(_is_live, _connections(server).values())):  # noqa: ASYNC110
                await anyio.sleep(_POLL)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(server, reactor, port)


def _connections(server: DaphneServer) -> Mapping[object, MutableMapping[str, object]]:
    return server.known_connections() if isinstance(server, KnowsConnections) else {}


def _is_live(details: Mapping[str, object]) -> bool:
    application = details.get("application_instance")
    return not details.get("disconnected") or (
        isinstance(application, asyncio.Future) and not application.done()
    )


async def _end(server: DaphneServer, reactor: Reactor, port: Port) -> None:
    """Leave nothing in the event loop: close the connections, and abort those that stay."""
    cancel_calls(reactor, server)
    for details in _connections(server).values():
        application = details.get("application_instance")
        if isinstance(application, asyncio.Future):
            application.cancel()
    for connection in _left(server, reactor, port):
        connection.loseConnection()
    await anyio.sleep(_POLL)
    for connection in _left(server, reactor, port):
        connection.abortConnection()
    await anyio.sleep(_POLL)


def _left(server: DaphneServer, reactor: Reactor, port: Port) -> list[TwistedTransport]:
    """Give the connections of applications, which may not be read now, and those that are idle."""
    busy = [each for each, details in _connections(server).items() if not details.get("disconnected")]
    found = [getattr(each, "transport", None) for each in busy] + list(accepted_by(reactor, port))
    return [cast("TwistedTransport", each) for each in found if each is not None]


daphne: Server = Daphne()
