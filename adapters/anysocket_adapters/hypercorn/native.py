"""anysocket's own connection under hypercorn, on asyncio and uvloop.

It reads the head of the first request. If that opens a WebSocket, the connection serves it. Any
other request goes to hypercorn, with all that has come, and so does HTTP/2. A WebSocket behind
another request of the same TCP connection is therefore hypercorn's own, with its repairs.
"""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, ClassVar, cast

from anysocket.asgi import ASGIApp
from anysocket.capabilities import Capabilities
from anysocket_adapters.hypercorn.accepting import Connections
from anysocket_adapters.native import NativeTransport
from anysocket_adapters.options import Options
from anysocket_protocol.asgi import ASGIConnection
from anysocket_protocol.handshake import BadRequest, Headers, Request
from anysocket_protocol.settings import Settings

if TYPE_CHECKING:
    from ssl import SSLObject

    from hypercorn.config import Config
    from hypercorn.typing import WWWScope


PING_INTERVAL = 20.0
"""Seconds without a sign of life before a ping, unless set; as uvicorn's. hypercorn's own sends none."""

PING_TIMEOUT = 20.0
"""Seconds to wait for a sign of life after a ping, unless set; as uvicorn's."""


class HypercornNativeTransport(NativeTransport):
    """The transport of a `HypercornConnection`."""

    declared: ClassVar[Capabilities] = Capabilities()


class HypercornConnection(ASGIConnection):
    """One TCP connection of a worker, until it is hypercorn's."""

    __slots__ = ("_began", "_config", "_connections")

    transport: ClassVar[type[NativeTransport]] = HypercornNativeTransport

    def __init__(
        self,
        app: ASGIApp,
        state: Mapping[str, object],
        settings: Settings,
        config: "Config",
        connections: Connections,
    ) -> None:
        super().__init__(app, state, settings, connections.loop)
        self._config = config
        self._connections = connections
        self._began = 0.0
        """When the request had come, in seconds since the epoch."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection, unless it is one of HTTP/2."""
        super().connection_made(transport)
        self._connections.made(self)
        tls: SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() == "h2":
            self._hand_over(b"")
        else:
            self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let it go."""
        super().connection_lost(exc)
        self._connections.lost(self)

    def requested(self, request: Request) -> None:
        """Run the application."""
        self._began = time()
        super().requested(request)

    def started(self, task: asyncio.Task[None]) -> None:
        """Have the worker wait for the application when it stops."""
        self._connections.started(task)

    def other_request(self, received: bytes, error: BadRequest) -> None:
        """Have hypercorn answer a request that opens no WebSocket."""
        self._hand_over(received)

    def _hand_over(self, received: bytes) -> None:
        """Give the TCP connection to hypercorn, as `asyncio.start_server` would."""
        transport, self._transport = self._transport, None
        assert transport is not None  # something has come through it
        self._clear_deadline()
        self._connections.lost(self)
        protocol = self._connections.protocol()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(received)

    def default_headers(self) -> Headers:
        """Give hypercorn's own header lines."""
        return self._config.response_headers("h11")

    def answered(self, status: int) -> None:
        """Log the answer as hypercorn does."""
        if self._config.accesslog is not None and self.request is not None:
            scope = cast("WWWScope", self._scope(self.request))
            log = self._config.log.access(scope, {"status": status, "headers": []}, time() - self._began)
            self._connections.started(self._loop.create_task(log))


def settings(config: "Config", options: Options) -> Settings:
    """Give what all connections of a server have in common."""
    return Settings(
        limits=options.limits,
        root_path=config.root_path,
        compression=options.compression is not False,
        ping_interval=PING_INTERVAL if options.ping_interval is None else options.ping_interval or None,
        ping_timeout=options.ping_timeout or PING_TIMEOUT,
    )
