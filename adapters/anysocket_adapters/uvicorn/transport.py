"""uvicorn: its three WebSocket implementations, and how to serve on it.

What differs from the specification, as of 0.54 (https://github.com/Kludex/uvicorn):

- `root_path` is put before `path` and `raw_path`, though the peer didn't send it there.
- websockets-sansio and wsproto report a lost connection as 1005, without a reason.
- wsproto sends no close frame when the peer breaks the protocol.
- websockets reports a protocol error as 1006, lets accept pass when the peer has left, refuses a
  denial whose status Python's `http` module doesn't name, and sends its headers as UTF-8.
"""

import math
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from socket import socket
from typing import TYPE_CHECKING, ClassVar

from anyio import Event

from anysocket.asgi import ASGIApp, Receive, Scope, Send, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Denial, Handshake, RawHeaders
from anysocket.transport import Transport
from anysocket_adapters.asgi import ASGITransport, http_response
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.versions import unknown
from anysocket_adapters.repairs.wsproto import repair_connection
from anysocket_adapters.server import Server, ServerFailed, when_set
from anysocket_adapters.uvicorn.classes import http_class, legacy_class
from anysocket_adapters.uvicorn.repairs import (
    as_legacy,
    as_wsproto,
    decline_senseless_offers,
    fail_soon,
    forget_messages,
    initiating_request,
    let_many_wait,
    lines_taken_out,
    read_on_wsproto,
    take_early_messages,
    wait_until_closed,
    wake_receiver,
    wake_senders,
    write_latin1,
)

if TYPE_CHECKING:
    from uvicorn import Server as UvicornServer
    from uvicorn.config import WSProtocolType

    from anysocket_adapters.uvicorn.sansio import RepairedSansIO


class UvicornTransport(ASGITransport):
    """What the three implementations have in common."""

    @property
    def handshake(self) -> Handshake:
        # The protocol's own, since a framework that mounts us adds to the scope's.
        return self._handshake(getattr(getattr(self._send, "__self__", None), "root_path", ""))

    def ended(self, event: WebSocketEvent, /) -> Close:
        close = super().ended(event)
        if close.code == CloseCode.NO_STATUS_RCVD and "reason" not in event:
            return Close(CloseCode.ABNORMAL_CLOSURE)
        return close


@cache
def _repaired_sansio() -> "Callable[[object], RepairedSansIO | None]":
    from anysocket_adapters.uvicorn.sansio import repaired  # which needs uvicorn

    return repaired


class UvicornSansIOTransport(UvicornTransport):
    """The websockets-sansio implementation."""

    declared: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        abnormal_closure=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
        half_closed=Support.REPAIRED,
        pong_behind_unread=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._protocol = _repaired_sansio()(getattr(send, "__self__", None))
        if self._protocol is None:
            unknown("uvicorn", "the repairs of its websockets-sansio implementation")
        else:
            self.send: SendEvent = self._protocol.send_message

    async def close(self, close: Close, /) -> None:
        await super().close(close)
        if self._protocol is not None:
            await self._protocol.wait_until_closed()


class UvicornWSProtoTransport(UvicornTransport):
    """The wsproto implementation."""

    declared: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        malformed_extension_offer=Support.REPAIRED,
        compressed_with_ping=Support.REPAIRED,
        early_message=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
        message_before_accept=Support.REPAIRED,
        pong_behind_unread=Support.REPAIRED,
        abnormal_closure=Support.REPAIRED,
        peer_code_1014=Support.REPAIRED,
        half_closed=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._protocol = as_wsproto(getattr(send, "__self__", None))
        self._request = None if self._protocol is None else initiating_request(self._protocol)
        if self._protocol is None:
            unknown("uvicorn", "the repairs of its wsproto implementation")
        else:
            read_on_wsproto(self._protocol)
            wake_senders(self._protocol)

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        if self._protocol is not None:
            decline_senseless_offers(self._protocol)
        await super().accept(subprotocol, headers)
        if self._protocol is not None:
            repair_connection(self._protocol.conn.connection)
            take_early_messages(self._protocol)

    async def close(self, close: Close, /) -> None:
        await super().close(close)
        if self._protocol is not None:
            await wait_until_closed(self._protocol)

    @property
    def headers(self) -> RawHeaders:
        return (
            super().headers if self._request is None else (*super().headers, *lines_taken_out(self._request))
        )


_NAMED = frozenset(status.value for status in HTTPStatus)


class UvicornWebSocketsTransport(UvicornTransport):
    """The websockets implementation, on the legacy API of the websockets package."""

    declared: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        denial_latin1_headers=Support.REPAIRED,
        denial_unnamed_status=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        suspended_sends=Support.REPAIRED,
        protocol_error_code=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        close_with_unread=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._protocol = as_legacy(getattr(send, "__self__", None))
        if self._protocol is None:
            unknown("uvicorn", "the repairs of its websockets implementation")
        else:
            let_many_wait(self._protocol)
            write_latin1(self._protocol)
            fail_soon(self._protocol, self._lose)
        self._lost = False

    def _lose(self) -> None:
        self._lost = True

    def ended(self, event: WebSocketEvent, /) -> Close:
        if self._lost:
            return Close(CloseCode.ABNORMAL_CLOSURE)
        protocol = self._protocol
        frame = None if protocol is None else protocol.close_rcvd or protocol.close_sent
        return super().ended(event) if frame is None else Close(frame.code, frame.reason)

    async def _respond(self, denial: Denial) -> None:
        plain = denial.status in _NAMED and all(value.isascii() for _, value in denial.headers)
        if plain or self._protocol is None:
            await super()._respond(denial)
            return
        # As uvicorn's own send_500_response does it: what websockets writes afterwards goes nowhere.
        self._protocol.transport.write(http_response(denial))
        self._protocol.transport.close()
        self._protocol.handshake_started_event.set()
        self._protocol.closed_event.set()

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        if self._protocol is not None and self._protocol.lost_connection_before_handshake:
            raise ConnectionError("the peer left during the handshake")

    def close(self, close: Close, /) -> Awaitable[None]:
        if self._protocol is not None:
            wake_receiver(self._protocol)
            forget_messages(self._protocol)
        return super().close(close)


_TRANSPORTS = {
    "WebSocketsSansIOProtocol": UvicornSansIOTransport,
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
        self.transport: type[Transport] = transport

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        from uvicorn import Config

        config = Config(
            app,
            interface="asgi3",  # uvicorn 0.54 takes what isn't a coroutine function for ASGI 2
            ws=legacy_class() if self.implementation == "websockets" else self.implementation,
            http=http_class(),
            proxy_headers=False,  # no other server believes X-Forwarded-* unless it is told to
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


uvicorn: Server = Uvicorn("uvicorn", "websockets-sansio", UvicornSansIOTransport)
uvicorn_websockets: Server = Uvicorn("uvicorn-websockets", "websockets", UvicornWebSocketsTransport)
uvicorn_wsproto: Server = Uvicorn("uvicorn-wsproto", "wsproto", UvicornWSProtoTransport)
