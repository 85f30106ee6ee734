"""anysocket's own connection as uvicorn's WebSocket implementation.

Under uvicorn's own command, for any ASGI application:

    uvicorn --ws anysocket_adapters.uvicorn:UvicornConnection chat:app

uvicorn then reads the request, and gives it to the connection as bytes. Under `anysocket serve`, the
connection reads the first request of each TCP connection itself, and leaves HTTP to uvicorn.
"""

import asyncio
import logging
from asyncio.transports import BaseTransport
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, cast

from anysocket.asgi import ASGIApp
from anysocket.capabilities import Capabilities
from anysocket_adapters.native import NativeTransport
from anysocket_adapters.repairs.repair import without
from anysocket_adapters.uvicorn.http import lost_with
from anysocket_protocol.asgi import ASGIConnection, address
from anysocket_protocol.handshake import BadRequest, Headers
from anysocket_protocol.settings import DEFAULT_LIMITS, Limits, Settings

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState

_log = logging.getLogger("uvicorn.error")

NEEDS: Final = (
    *(
        f"uvicorn.config:Config.{name}"
        for name in (
            *("http_protocol_class", "load", "loaded", "loaded_app", "root_path", "should_reload"),
            *("ws_max_size", "ws_per_message_deflate", "ws_ping_interval", "ws_ping_timeout"),
        )
    ),
    *(f"uvicorn.server:ServerState.{name}" for name in ("connections", "default_headers", "tasks")),
)
"""What the connection uses of uvicorn. `anysocket serve` does without the connection where one is missing."""


class UvicornNativeTransport(NativeTransport):
    """The transport of a `UvicornConnection`."""

    @property
    def capabilities(self) -> Capabilities:
        connection = cast("UvicornConnection", self.connection)
        return without(self.declared, connection.capabilities_lost)


class UvicornConnection(ASGIConnection):
    """One connection, with the arguments that uvicorn makes it with.

    uvicorn's options `--ws-max-size`, `--ws-ping-interval`, `--ws-ping-timeout` and
    `--ws-per-message-deflate` hold. A subclass may set other limits.
    """

    __slots__ = ("_config", "_server_state")

    transport: ClassVar[type[NativeTransport]] = UvicornNativeTransport
    limits: ClassVar[Limits] = DEFAULT_LIMITS

    def __init__(
        self,
        config: "Config",
        server_state: "ServerState",
        app_state: Mapping[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        super().__init__(
            _app(config),
            app_state,
            _settings(config, self.limits),
            _loop or asyncio.get_running_loop(),
        )
        self._config = config
        self._server_state = server_state

    @classmethod
    def with_limits(cls, limits: Limits) -> "type[UvicornConnection]":
        """Give the class with other limits; uvicorn's option sets the size of messages."""
        return type(cls.__name__, (cls,), {"limits": limits, "__slots__": (), "__module__": cls.__module__})

    @property
    def capabilities_lost(self) -> frozenset[str]:
        """The capabilities that uvicorn's part of the connection lacks."""
        http = self._config.http_protocol_class
        return lost_with(http.http if issubclass(http, FirstRequest) else http)

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection."""
        super().connection_made(transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let it go."""
        super().connection_lost(exc)
        self._connections.discard(self)

    @property
    def _connections(self) -> set[asyncio.Protocol]:
        """Those that uvicorn shuts down when it stops; it names the classes of its own alone."""
        return cast("set[asyncio.Protocol]", self._server_state.connections)

    def started(self, task: asyncio.Task[None]) -> None:
        """Have uvicorn wait for the application when it stops."""
        tasks = self._server_state.tasks
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def default_headers(self) -> Headers:
        """Give uvicorn's own header lines."""
        return self._server_state.default_headers

    def answered(self, status: int) -> None:
        """Log the answer as uvicorn does."""
        request, transport = self.request, self._transport
        if request is not None and transport is not None and _log.isEnabledFor(logging.INFO):
            peer = address(transport.get_extra_info("peername"))
            host = "" if peer is None else f"{peer[0]}:{peer[1]}"
            outcome = "[accepted]" if status == 101 else status
            _log.info('%s - "WebSocket %s" %s', host, request.target.decode("latin-1"), outcome)

    def shutdown(self, code: int | None = None) -> None:
        """Close with 1001, or with 1012 where uvicorn starts again (RFC 6455 section 7.4.1, and IANA's)."""
        if code is None:
            code = 1012 if self._config.should_reload else 1001
        super().shutdown(code)


class FirstRequest(UvicornConnection):
    """One TCP connection, in place of uvicorn's HTTP protocol: it may become one of that.

    uvicorn 0.54 lets in a WebSocket over HTTP/1.0, refuses `Upgrade: h2c, websocket` and spaces
    behind the token, and loses frames that come with the request.
    """

    __slots__ = ()

    http: ClassVar[Callable[..., asyncio.Protocol]]
    """Makes uvicorn's HTTP protocol."""

    def __init__(
        self,
        config: "Config",
        server_state: "ServerState",
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._app_state: Mapping[str, object] = app_state

    @classmethod
    def before(cls, http: Callable[..., asyncio.Protocol], limits: Limits) -> "type[FirstRequest]":
        """Give the class that leaves other requests to this protocol."""
        own = {"http": staticmethod(http), "limits": limits, "__slots__": (), "__module__": cls.__module__}
        return type(cls.__name__, (cls,), own)

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection, and wait for its request."""
        super().connection_made(transport)
        self.begin()

    def other_request(self, received: bytes, error: BadRequest) -> None:
        """Have uvicorn answer a request that opens no WebSocket, and all that follow it."""
        transport, self._transport = self._transport, None
        assert transport is not None  # the request has come through it
        self._clear_deadline()
        self._connections.discard(self)
        protocol = self.http(self._config, self._server_state, self._app_state, self._loop)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(received)


def _app(config: "Config") -> ASGIApp:
    return cast("ASGIApp", config.loaded_app)  # pyright: ignore[reportUnknownMemberType]


@lru_cache(maxsize=16)
def _settings(config: "Config", limits: Limits) -> Settings:
    """Give what all connections of a server have in common."""
    return Settings(
        limits=replace(limits, max_message_size=config.ws_max_size),
        root_path=config.root_path,
        compression=config.ws_per_message_deflate,
        ping_interval=config.ws_ping_interval or None,
        ping_timeout=config.ws_ping_timeout,
    )
