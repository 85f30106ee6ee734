"""uvicorn: how to serve on it, and which transport its connections have."""

import asyncio
import logging
import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from socket import socket
from typing import TYPE_CHECKING, ClassVar

from anyio import Event

from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket.capabilities import Capabilities, Support
from anysocket.transport import Transport
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.repair import lacking, warn_unrepaired
from anysocket_adapters.server import Server, ServerFailed, when_set
from anysocket_adapters.uvicorn.http import HTTP
from anysocket_adapters.uvicorn.native import NEEDS, FirstRequest, UvicornConnection, UvicornNativeTransport
from anysocket_adapters.uvicorn.transport import (
    UvicornSansIOTransport,
    UvicornTransport,
    UvicornWSProtoTransport,
)
from anysocket_adapters.uvicorn.websockets import UvicornWebSocketsTransport
from anysocket_protocol.settings import Limits

if TYPE_CHECKING:
    from uvicorn import Server as UvicornServer
    from uvicorn.config import WSProtocolType

_log = logging.getLogger("anysocket")

TRANSPORTS: tuple[type[UvicornTransport], ...] = (
    UvicornSansIOTransport,
    UvicornWSProtoTransport,
    UvicornWebSocketsTransport,
)


class UnknownTransport(ASGITransport):
    """A connection that is of none of the three implementations: what all of them do by themselves."""

    declared: ClassVar[Capabilities] = Capabilities(
        **{
            each.name: Support.ABSENT
            for each in fields(Capabilities)
            if any(getattr(known.declared, each.name) is not Support.NATIVE for known in TRANSPORTS)
            or each.name in HTTP.everything()
        }
    )


_chosen: dict[type, type[ASGITransport]] = {}


def connect(scope: Scope, receive: Receive, send: Send) -> ASGITransport:
    """Choose the transport by the protocol class that `send` belongs to."""
    protocol: object = getattr(send, "__self__", None)
    transport = _chosen.get(type(protocol))
    if transport is None:
        transport = _chosen[type(protocol)] = _choose(protocol)
    return transport(scope, receive, send)


def _choose(protocol: object) -> type[ASGITransport]:
    for each in TRANSPORTS:
        if each.repairs.fits(protocol):
            if _left_to_uvicorn(protocol):
                _log.warning(
                    "uvicorn's own WebSocket implementation doesn't keep the whole contract. "
                    "anysocket's does: uvicorn --ws anysocket_adapters.uvicorn:UvicornConnection"
                )
            return each
    warn_unrepaired("uvicorn", f"known WebSocket implementation in {type(protocol)}", "repairs")
    return UnknownTransport


def _left_to_uvicorn(protocol: object) -> bool:
    """Tell whether uvicorn has chosen the implementation: by its own command without `--ws`."""
    return getattr(getattr(protocol, "config", None), "ws", None) == "auto"


class Uvicorn(Server):
    """uvicorn with anysocket's connection, or with one of its own WebSocket implementations."""

    distribution = "uvicorn"

    def __init__(
        self, name: str, implementation: "WSProtocolType | None", transport: type[ASGITransport]
    ) -> None:
        self.name = name
        self.implementation: WSProtocolType | None = implementation
        """One of uvicorn's, or None for anysocket's own."""
        self.transport: type[Transport] = transport
        self.keeps_limits: bool = implementation is None

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        from uvicorn import Config

        ws = self._connection_class(options.limits)
        config = Config(
            app,
            interface="asgi3",  # uvicorn 0.54 takes what isn't a coroutine function for ASGI 2
            ws=ws,
            http=self._http_class(options.limits, ws),
            proxy_headers=False,  # no other server believes X-Forwarded-* by default
            root_path=options.root_path,
            log_level=options.log_level,
            access_log=options.access_log,
            ssl_certfile=options.tls_certificate,
            ssl_keyfile=options.tls_key,
            timeout_graceful_shutdown=math.ceil(options.graceful_timeout),
        )
        if options.max_message_size is not None:
            config.ws_max_size = options.max_message_size
        if options.ping_interval is not None:
            config.ws_ping_interval = options.ping_interval or None
        if options.ping_timeout is not None:
            config.ws_ping_timeout = options.ping_timeout
        if options.compression is not None:
            config.ws_per_message_deflate = options.compression
        server = _server_class()(config)

        def exit_soon() -> None:
            server.should_exit = True

        async with when_set(stop, exit_soon):
            try:
                await server.serve(sockets=[listener])
            except SystemExit as error:  # how uvicorn says that it couldn't start
                raise ServerFailed(f"uvicorn couldn't start: exit status {error.code}") from None

    def _connection_class(self, limits: Limits) -> "type[asyncio.Protocol] | WSProtocolType":
        if self.implementation is not None:
            return self.implementation
        if missing := lacking(NEEDS):
            warn_unrepaired("uvicorn", ", ".join(missing), "a connection of its own")
            return "websockets-sansio"
        return UvicornConnection.with_limits(limits)

    def _http_class(
        self, limits: Limits, ws: "type[asyncio.Protocol] | WSProtocolType"
    ) -> type[asyncio.Protocol] | str:
        """Give the class of each TCP connection, or the name of uvicorn's own where it has no such class."""
        kind = HTTP.subclass()
        if kind is None or not issubclass(kind, asyncio.Protocol):
            return "auto"
        own = {"limits": limits, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
        http: type[asyncio.Protocol] = type(kind.__name__, (kind,), own)
        return http if isinstance(ws, str) else FirstRequest.before(http, limits)


@cache
def _server_class() -> "type[UvicornServer]":
    """Make uvicorn's server without its signal handlers: signals are the caller's."""
    from uvicorn import Server as UvicornServer

    class WithoutSignals(UvicornServer):
        @contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            yield

    return WithoutSignals


uvicorn: Server = Uvicorn("uvicorn", None, UvicornNativeTransport)
uvicorn_sansio: Server = Uvicorn("uvicorn-sansio", "websockets-sansio", UvicornSansIOTransport)
uvicorn_websockets: Server = Uvicorn("uvicorn-websockets", "websockets", UvicornWebSocketsTransport)
uvicorn_wsproto: Server = Uvicorn("uvicorn-wsproto", "wsproto", UvicornWSProtoTransport)
