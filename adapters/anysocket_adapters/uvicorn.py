"""uvicorn: its three WebSocket implementations, and how to serve on it.

What differs from the specification, as of 0.54 (https://github.com/Kludex/uvicorn):

- `root_path` is put before `path` and `raw_path`, though the peer didn't send it there.
- websockets-sansio and wsproto report a lost connection as 1005, without a reason.
- wsproto sends no close frame when the peer breaks the protocol.
- websockets reports a protocol error as 1006, lets accept pass when the peer has left, refuses a
  denial whose status Python's `http` module doesn't name, and sends its headers as UTF-8.
"""

import asyncio
import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from socket import socket
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from anyio import Event

from anysocket.asgi import ASGIApp, Receive, Scope, Send, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Denial, Handshake, RawHeaders
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.options import Options
from anysocket_adapters.server import Server, ServerFailed, when_set

if TYPE_CHECKING:
    from uvicorn import Server as UvicornServer
    from uvicorn.config import WSProtocolType
    from wsproto import WSConnection
    from wsproto.events import Event as WSProtoEvent


class UvicornTransport(ASGITransport):
    """What the three implementations have in common; whole for websockets-sansio."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        early_message=Support.ABSENT,
        abnormal_closure=Support.REPAIRED,
    )

    @property
    def handshake(self) -> Handshake:
        plain = super().handshake
        # The protocol's own, since a framework that mounts us adds to the scope's.
        prefix = getattr(getattr(self._send, "__self__", None), "root_path", "")
        return replace(plain, raw_path=plain.raw_path.removeprefix(str(prefix).encode()))

    def ended(self, event: WebSocketEvent, /) -> Close:
        close = super().ended(event)
        if close.code == CloseCode.NO_STATUS_RCVD and "reason" not in event:
            return Close(CloseCode.ABNORMAL_CLOSURE)
        return close


@runtime_checkable
class _WSProto(Protocol):
    """What is used of `uvicorn.protocols.websockets.wsproto_impl.WSProtocol`."""

    conn: "WSConnection"
    transport: asyncio.WriteTransport


class UvicornWSProtoTransport(UvicornTransport):
    """The wsproto implementation."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        early_message=Support.ABSENT,
        abnormal_closure=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
    )

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        protocol = getattr(self._send, "__self__", None)
        if isinstance(protocol, _WSProto):
            _answer_protocol_errors(protocol)


def _answer_protocol_errors(protocol: _WSProto) -> None:
    """Send the close frame that RFC 6455 section 7.1.7 asks for when the peer breaks the protocol.

    wsproto then tells of a close while its own state is still open; uvicorn 0.54 answers only
    the peer's close frames.
    """
    from wsproto.connection import ConnectionState
    from wsproto.events import CloseConnection

    connection, events = protocol.conn, protocol.conn.events

    def answering() -> "Generator[WSProtoEvent, None, None]":
        for event in events():
            if isinstance(event, CloseConnection) and connection.state is ConnectionState.OPEN:
                protocol.transport.write(connection.send(event.response()))
            yield event

    connection.events = answering  # type: ignore[method-assign]  # of this connection only


_NAMED = frozenset(status.value for status in HTTPStatus)


class _Frame(Protocol):
    code: int
    reason: str


@runtime_checkable
class _Legacy(Protocol):
    """What is used of `uvicorn.protocols.websockets.websockets_impl.WebSocketProtocol`."""

    lost_connection_before_handshake: bool
    handshake_started_event: asyncio.Event
    closed_event: asyncio.Event
    transport: asyncio.WriteTransport
    close_rcvd: _Frame | None
    close_sent: _Frame | None


class UvicornWebSocketsTransport(UvicornTransport):
    """The websockets implementation, on the legacy API of the websockets package."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        latin1_headers=Support.ABSENT,
        denial_latin1_headers=Support.REPAIRED,
        denial_unnamed_status=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        early_message=Support.ABSENT,
        protocol_error_code=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        protocol = getattr(send, "__self__", None)
        self._protocol = protocol if isinstance(protocol, _Legacy) else None

    def ended(self, event: WebSocketEvent, /) -> Close:
        protocol = self._protocol
        if protocol is not None and protocol.close_rcvd is None and protocol.close_sent is not None:
            return Close(protocol.close_sent.code, protocol.close_sent.reason)
        return super().ended(event)

    async def _respond(self, denial: Denial) -> None:
        plain = denial.status in _NAMED and all(value.isascii() for _, value in denial.headers)
        if plain or self._protocol is None:
            await super()._respond(denial)
            return
        # As uvicorn's own send_500_response does it: what websockets writes afterwards goes nowhere.
        self._protocol.transport.write(
            b"HTTP/1.1 %d \r\n" % denial.status
            + b"".join(b"%b: %b\r\n" % line for line in denial.headers)
            + b"connection: close\r\n\r\n"
            + denial.body
        )
        self._protocol.transport.close()
        self._protocol.handshake_started_event.set()
        self._protocol.closed_event.set()

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        if self._protocol is not None and self._protocol.lost_connection_before_handshake:
            raise ConnectionError("the peer left during the handshake")


_TRANSPORTS = {
    "WebSocketsSansIOProtocol": UvicornTransport,
    "WSProtocol": UvicornWSProtoTransport,
    "WebSocketProtocol": UvicornWebSocketsTransport,
}


def connect(scope: Scope, receive: Receive, send: Send) -> ASGITransport:
    """Choose the transport by the protocol class that `send` belongs to."""
    name = type(getattr(send, "__self__", None)).__name__
    return _TRANSPORTS.get(name, ASGITransport)(scope, receive, send)


class Uvicorn(Server):
    """uvicorn with one of its WebSocket implementations."""

    distribution = "uvicorn"

    def __init__(self, name: str, implementation: "WSProtocolType", transport: type[ASGITransport]) -> None:
        self.name = name
        self.implementation: WSProtocolType = implementation
        self.transport = transport

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        from uvicorn import Config

        config = Config(
            app,
            ws=self.implementation,
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


@cache
def _server_class() -> "type[UvicornServer]":
    """Make uvicorn's server without its signal handlers: signals are the caller's."""
    from uvicorn import Server as UvicornServer

    class WithoutSignals(UvicornServer):
        @contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            yield

    return WithoutSignals


uvicorn: Server = Uvicorn("uvicorn", "websockets-sansio", UvicornTransport)
uvicorn_websockets: Server = Uvicorn("uvicorn-websockets", "websockets", UvicornWebSocketsTransport)
uvicorn_wsproto: Server = Uvicorn("uvicorn-wsproto", "wsproto", UvicornWSProtoTransport)
