"""anysocket on palfrey (https://github.com/dymmond/palfrey), with its websockets-sansio implementation.

What differs from the specification, as of 0.2:

- There are no pings: a dead peer is never noticed.
- Messages are read however many wait, into memory without a bound.
- A message in one packet with a breach of the protocol is lost.

The rest is repaired by `anysocket_palfrey.channel`, for every application that anysocket serves.
palfrey's `send` is a function of its own for each connection, so that nobody who gets it can tell
which server it belongs to: what `palfrey` itself serves has the plain transport.
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from socket import socket
from typing import TYPE_CHECKING, ClassVar, cast

import anyio
from palfrey.config import PalfreyConfig
from palfrey.importer import ResolvedApp
from palfrey.server import PalfreyServer

from anysocket import Capabilities, Support
from anysocket.adapter import Transport
from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket_adapters import ASGITransport, Lifespan, OptionName, Options, Server
from anysocket_palfrey.channel import WRITER, run

if TYPE_CHECKING:
    from palfrey.types import ASGIApplication

_SANS_IO = "https://github.com/dymmond/palfrey/blob/main/palfrey/protocols/websocket.py"


class PalfreyTransport(ASGITransport):
    """One WebSocket of palfrey's, served by `Palfrey`."""

    declared: ClassVar[Capabilities] = Capabilities(
        answers_before_close=Support.ABSENT,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        receive_pressure=Support.ABSENT,
        keepalive=Support.ABSENT,
    )


class Palfrey(Server):
    """palfrey, in the caller's event loop: its connections, on a listener of ours.

    Its own `serve` takes SIGINT and SIGTERM away from its caller.
    """

    name = "palfrey"
    distribution = "palfrey"
    transport: type[Transport] = PalfreyTransport
    known_failures: Mapping[str, str] = {
        # No thread tells of it yet: an error is looked at before what the parser gave ahead of it.
        "asgi.disconnect.protocol_error_on_the_wire": _SANS_IO,
    }

    def refuses(self, options: Options) -> Mapping[OptionName, str]:
        refused: dict[OptionName, str] = {}
        if options.ping_interval:
            refused["ping_interval"] = "sends no pings"
        if options.ping_timeout is not None:
            refused["ping_timeout"] = "sends no pings"
        return refused

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: anyio.Event) -> None:
        lifespan = Lifespan(app)
        await lifespan.startup()

        async def connected(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = lifespan.state.copy()
            # Of palfrey's own, it would put it before the path, though the peer didn't send it there.
            scope["root_path"] = options.root_path
            if scope["type"] == "websocket":
                await run(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        server = PalfreyServer(
            _config(connected, options), _resolved_app=ResolvedApp(_typed(connected), "asgi3")
        )
        logging.getLogger("palfrey").setLevel(options.log_level.upper())

        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            WRITER.set(writer)
            await server._handle_connection(reader, writer)  # pyright: ignore[reportPrivateUsage]

        serving = await asyncio.start_server(connection, sock=listener.dup(), ssl=_tls(options), backlog=2048)
        try:
            await stop.wait()
        finally:
            serving.close()
            for each in tuple(server.server_state.connections):
                each.shutdown()
            await lifespan.shutdown()


def _typed(app: ASGIApp) -> "ASGIApplication":
    """Say that what palfrey passes, dicts, is what an application takes: mappings; hence the cast."""
    return cast("ASGIApplication", app)  # whose types of events are narrower


def _config(app: ASGIApp, options: Options) -> PalfreyConfig:
    config = PalfreyConfig(
        _typed(app),
        ws="websockets-sansio",
        lifespan="off",
        proxy_headers=False,  # no other server believes X-Forwarded-* by default
        access_log=options.access_log,
        log_level=options.log_level,
    )
    if options.max_message_size is not None:
        config.ws_max_size = options.max_message_size
    if options.compression is not None:
        config.ws_per_message_deflate = options.compression
    return config


def _tls(options: Options) -> ssl.SSLContext | None:
    if options.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.tls_certificate, options.tls_key)
    return context


palfrey: Server = Palfrey()
