"""granian over ASGI, and how to serve on it.

What differs from the specification, as of 2.8 (https://github.com/emmett-framework/granian):

- Ports are strings, and a unix socket's address is made of empty ones.
- A lost connection and a close frame without a code are both reported as 1005. The adapter says
  1006 for both: the loss is the one that a handler must learn of.
- The peer's close reason is lost.
- A peer that breaks the protocol gets an empty close frame.
- Headers of accept are dropped.
- Close waits for as long as another task is in receive.
- A str with a lone surrogate is sent as an empty message.
- A denial is one body; a header that occurs twice makes the worker panic.
"""

import math
import multiprocessing
from asyncio import CancelledError
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, ClassVar, Protocol, TypedDict, cast, runtime_checkable

from anyio import Event

from anysocket.asgi import ASGIApp, Receive, ReceiveEvent, Scope, Send, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.errors import Unsupported
from anysocket.handshake import Address, Denial, Handshake, RawHeaders
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.options import OptionName, Options
from anysocket_adapters.server import Server, when_set

if TYPE_CHECKING:
    from granian.constants import SSLProtocols
    from granian.log import LogLevels


@runtime_checkable
class _Cancellable(Protocol):
    """What granian's receive gives."""

    def cancel(self) -> bool: ...


class GranianTransport(ASGITransport):
    """granian's ASGI WebSocket protocol."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        header_order=Support.ABSENT,
        integer_ports=Support.REPAIRED,
        accept_headers=Support.ABSENT,
        denial_header_duplicates=Support.REPAIRED,
        denial_cookies=Support.ABSENT,
        loss_before_accept=Support.ABSENT,
        lone_surrogates=Support.REPAIRED,
        oversized_frame_code=Support.ABSENT,
        peer_close_reason=Support.ABSENT,
        no_close_code=Support.ABSENT,
        abnormal_closure=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_text_close=Support.ABSENT,
        protocol_error_code=Support.ABSENT,
        close_while_receiving=Support.REPAIRED,
        end_while_sending=Support.ABSENT,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._waiting: Awaitable[WebSocketEvent] | None = None
        self._closing = False
        self._receive_once = self.receive
        self._send_once = self.send
        self.receive: ReceiveEvent = self._receive_interruptibly
        self.send: SendEvent = self._send_encodable

    async def _receive_interruptibly(self) -> WebSocketEvent:
        """Receive so that close can end the wait: granian's close waits until nobody receives."""
        waiting = self._waiting = self._receive_once()
        try:
            event = await waiting
        except CancelledError:
            if self._closing:
                return {"type": "websocket.disconnect"}
            raise
        finally:
            self._waiting = None
        if event.get("code") == CloseCode.NO_STATUS_RCVD:
            # When the peer broke the protocol it still waits for a close frame, and granian's
            # would be empty. When it has closed or is lost, this goes nowhere.
            await super().close(Close(CloseCode.PROTOCOL_ERROR))
        return event

    async def close(self, close: Close, /) -> None:
        self._closing = True
        if isinstance(self._waiting, _Cancellable):
            self._waiting.cancel()
        await super().close(close)

    def _send_encodable(self, event: WebSocketEvent) -> Awaitable[None]:
        text = event.get("text")
        if text is not None:
            text.encode()  # granian sends a str with a lone surrogate as an empty message
        return self._send_once(event)

    @property
    def handshake(self) -> Handshake:
        return replace(
            super().handshake,
            client=_address(self.scope.get("client")),
            server=_address(self.scope.get("server")),
        )

    def ended(self, event: WebSocketEvent, /) -> Close:
        close = super().ended(event)
        return Close(CloseCode.ABNORMAL_CLOSURE) if close.code == CloseCode.NO_STATUS_RCVD else close

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        if headers:
            raise Unsupported("granian drops the headers of accept: uvicorn and hypercorn send them")
        await super().accept(subprotocol, headers)

    async def deny(self, denial: Denial, /) -> None:
        await super().deny(replace(denial, headers=_merged(denial.headers)))


def _merged(headers: RawHeaders) -> RawHeaders:
    """Combine lines of one name into one, as RFC 9110 section 5.3 allows for all but Set-Cookie."""
    merged: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in merged and name == b"set-cookie":
            raise Unsupported("granian can't send Set-Cookie twice in a denial: uvicorn and hypercorn can")
        merged[name] = merged[name] + b", " + value if name in merged else value
    return tuple(merged.items())


def _address(value: object) -> Address | None:
    match cast("tuple[str, str] | None", value):
        case (str(host), str(port)) if host and port != "0":
            return host, int(port)
        case _:
            return None


class Granian(Server):
    """granian's ASGI interface on asyncio."""

    name = "granian"
    distribution = "granian"
    transport: type[ASGITransport] = GranianTransport

    def refuses(self, options: Options) -> Mapping[OptionName, str]:
        refused = dict[OptionName, str]()
        if options.max_message_size is not None:
            refused["max_message_size"] = "has no limit that can be set"
        if options.ping_interval:
            refused["ping_interval"] = "sends no pings"
        if options.ping_timeout is not None:
            refused["ping_timeout"] = "sends no pings"
        if options.compression:
            refused["compression"] = "doesn't compress"
        return refused

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        from granian.constants import Interfaces
        from granian.server.embed import Server as EmbeddedServer

        server = EmbeddedServer(app, interface=Interfaces.ASGI, **_settings(options, listener))

        async with when_set(stop, server.stop):
            await server.serve()

    def run(self, options: Options, listener: socket) -> None:
        from granian import Granian as GranianServer
        from granian.constants import Interfaces

        # Its workers mustn't be forked from a process with threads.
        multiprocessing.set_start_method("spawn", force=True)
        GranianServer(
            "anysocket_adapters.served:from_environment",
            factory=True,
            interface=Interfaces.ASGI,
            workers=options.workers,
            workers_kill_timeout=math.ceil(options.graceful_timeout),
            **_settings(options, listener),
        ).serve()


class _Settings(TypedDict):
    """What both of granian's ways to serve take."""

    address: str
    port: int
    uds: Path | None
    log_level: "LogLevels"
    log_access: bool
    ssl_cert: Path | None
    ssl_key: Path | None
    ssl_protocol_min: "SSLProtocols"
    url_path_prefix: str | None


def _settings(options: Options, listener: socket) -> _Settings:
    """Translate the options. granian binds its address itself, so the listener gives way to it."""
    from granian.constants import SSLProtocols
    from granian.log import LogLevels

    port = options.port if options.unix_socket is not None else listener.getsockname()[1]
    listener.close()
    if options.unix_socket is not None:
        options.unix_socket.unlink()
    return _Settings(
        address=options.host,
        port=port,
        uds=options.unix_socket,
        log_level=LogLevels(options.log_level),
        log_access=options.access_log,
        ssl_cert=options.tls_certificate,
        ssl_key=options.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        url_path_prefix=options.root_path or None,
    )


granian: Server = Granian()
