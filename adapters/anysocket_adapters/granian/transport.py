"""granian over ASGI, and how to serve on it.

What differs from the specification, as of 2.8 (https://github.com/emmett-framework/granian):

- Ports are strings, and a unix socket's address is made of empty ones.
- A lost connection and a close frame without a code are both reported as 1005. The adapter says
  1006 for both: the loss is the one that a handler must learn of.
- The peer's close reason is lost.
- A peer that breaks the protocol gets an empty close frame.
- Headers of accept are dropped.
- A denial keeps the headers that would open the connection.
- Close waits for as long as another task is in receive, before 2.8.9.
- A receive that is cancelled may lose a message; no ping is answered and no end noticed while
  nobody is in receive, and a message to a peer that has left is taken silently.
- A str with a lone surrogate is sent as an empty message.
- A denial is one body; a header that occurs twice makes the worker panic, before 2.8.9.
"""

import asyncio
import atexit
import logging
import math
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, ClassVar, Final, TypedDict, cast

import anyio
from anyio import Event

from anysocket.asgi import ASGIApp, Receive, ReceiveEvent, Scope, Send, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Address, Denial, Handshake, RawHeaders
from anysocket.transport import Transport
from anysocket_adapters.asgi import ASGITransport, address
from anysocket_adapters.options import OptionName, Options
from anysocket_adapters.reading import Reader
from anysocket_adapters.repairs.versions import installed_at_least
from anysocket_adapters.server import RunsItsWorkers, Server, when_set
from anysocket_adapters.serving.served_app import ServedApp, from_environment

if TYPE_CHECKING:
    from granian._granian import WorkerSignal
    from granian.constants import SSLProtocols
    from granian.log import LogLevels

FIXED_IN_2_8_9: Final = installed_at_least("granian", "2.8.9")
"""Whether it closes while another task is in receive, and sends a denial's header twice."""


class GranianTransport(ASGITransport):
    """granian's ASGI WebSocket protocol."""

    declared: ClassVar[Capabilities] = Capabilities(
        header_order=Support.ABSENT,
        integer_ports=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        compression=Support.ABSENT,
        compressed_with_ping=Support.ABSENT,
        accept_headers=Support.ABSENT,
        denial_without_upgrade_headers=Support.ABSENT,
        denial_header_duplicates=Support.NATIVE if FIXED_IN_2_8_9 else Support.REPAIRED,
        denial_cookies=Support.NATIVE if FIXED_IN_2_8_9 else Support.ABSENT,
        loss_before_accept=Support.ABSENT,
        disconnect_before_accept=Support.ABSENT,
        lone_surrogates=Support.REPAIRED,
        cancelled_receive=Support.REPAIRED,
        oversized_frame_code=Support.ABSENT,
        peer_code_1014=Support.ABSENT,
        peer_close_reason=Support.ABSENT,
        no_close_code=Support.ABSENT,
        abnormal_closure=Support.REPAIRED,
        half_closed=Support.REPAIRED,
        protocol_error_close=Support.ABSENT,
        invalid_text_close=Support.ABSENT,
        protocol_error_code=Support.ABSENT,
        close_while_receiving=Support.NATIVE if FIXED_IN_2_8_9 else Support.REPAIRED,
        end_while_sending=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
        keepalive=Support.ABSENT,
        pong_while_busy=Support.REPAIRED,
        pong_behind_unread=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._reader: Reader[WebSocketEvent] | None = None
        self._send_once = self.send
        self.send: SendEvent = self._send_checked

    async def wait_disconnected(self) -> None:
        await anyio.sleep_forever()  # granian tells of no loss before accept

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        self._reader = Reader(self.receive, _result)
        self.receive: ReceiveEvent = self._reader.receive

    async def close(self, close: Close, /) -> None:
        if self._reader is None:
            await super().close(close)
            return
        pending = self._reader.leave()
        if pending is not None and not FIXED_IN_2_8_9:
            pending.cancel()  # granian's close waits until nobody receives
        try:
            await super().close(close)
        finally:
            # Not before: a handler that knows of the end returns, and then granian closes by itself.
            self._reader.finish({"type": "websocket.disconnect"})

    def _send_checked(self, event: WebSocketEvent) -> Awaitable[None]:
        if self._reader is not None and self._reader.end is not None:
            raise ConnectionError("the peer has left")  # granian takes messages for ever
        text = event.get("text")
        if text is not None:
            text.encode()  # granian sends a str with a lone surrogate as an empty message
        return self._send_once(event)

    @property
    def handshake(self) -> Handshake:
        return super().handshake._replace(
            client=_address(self.scope.get("client")),
            server=_address(self.scope.get("server")),
        )

    def ended(self, event: WebSocketEvent, /) -> Close:
        close = super().ended(event)
        return Close(CloseCode.ABNORMAL_CLOSURE) if close.code == CloseCode.NO_STATUS_RCVD else close

    async def deny(self, denial: Denial, /) -> None:
        await super().deny(denial if FIXED_IN_2_8_9 else replace(denial, headers=_merged(denial.headers)))


def _result(pending: asyncio.Future[WebSocketEvent]) -> WebSocketEvent:
    return pending.result()


def _merged(headers: RawHeaders) -> RawHeaders:
    """Combine lines of one name into one, as RFC 9110 section 5.3 allows for all but Set-Cookie."""
    merged: dict[bytes, bytes] = {}
    for name, value in headers:
        merged[name] = merged[name] + b", " + value if name in merged else value
    return tuple(merged.items())


def _address(value: object) -> Address | None:
    # As granian 2.8 gives it, or the middleware in front; anything else falls through.
    match cast("tuple[str, str | int] | None", value):
        case (str(host), str(port)) if host and port != "0":
            return host, int(port)
        case _:
            return address(value)  # none, or what a middleware has put in its place


class Granian(RunsItsWorkers):
    """granian over ASGI, on its single- or its multi-threaded runtime."""

    distribution = "granian"
    transport: type[Transport] = GranianTransport
    interface = "asgi"
    worker = "anysocket_adapters.granian.transport:worker_app"
    """What makes the target of a worker."""

    def __init__(self, name: str, *, threads: int = 1) -> None:
        self.name = name
        self.threads = threads
        """Threads of the Rust side; handlers run in one, as everywhere."""

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
        await self._serve_target(app, options, listener, stop)

    async def _serve_target(self, target: object, options: Options, listener: socket, stop: Event) -> None:
        from granian.constants import Interfaces
        from granian.server.embed import Server as EmbeddedServer

        settings = _settings(options, listener)
        interface = Interfaces(self.interface)
        server = EmbeddedServer(target, interface=interface, runtime_threads=self.threads, **settings)

        async with when_set(stop, server.stop):
            await server.serve()

    def run(self, options: Options, listener: socket) -> None:
        from granian import Granian as GranianServer
        from granian.constants import Interfaces, Loops, RuntimeModes

        # Its workers mustn't be forked from a process with threads.
        multiprocessing.set_start_method("spawn", force=True)
        GranianServer(
            self.worker,
            factory=True,
            interface=Interfaces(self.interface),
            workers=options.workers,
            # Its workers give the grace themselves.
            workers_kill_timeout=math.ceil(options.graceful_timeout + 1),
            loop=Loops(options.loop),
            runtime_mode=RuntimeModes.mt if self.threads > 1 else RuntimeModes.st,
            runtime_threads=self.threads,
            **_settings(options, listener),
        ).serve()


def worker_app() -> ServedApp:
    """Make what a worker of granian serves, and have the worker drain it before it stops.

    granian 2.8 drops the connections as soon as a worker is told to stop, and tells the worker
    alone. Its signal handler is taken over here, in the worker, before the worker sets it.

    A worker that was told to stop ends as one that was forked does, without taking the interpreter
    apart: its Rust threads may still ask for Python's lock, and they panic when it is gone (before 3.14).
    """
    from granian import _signals

    told_to_stop: list[None] = []

    @atexit.register  # before the app registers anything, which then comes first
    def end_at_once() -> None:
        if told_to_stop:
            logging.shutdown()
            os._exit(0)

    app = from_environment()
    set_loop_signals: Callable[[asyncio.AbstractEventLoop], WorkerSignal] = _signals.set_loop_signals  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]

    def draining(loop: asyncio.AbstractEventLoop) -> "WorkerSignal":
        stop = set_loop_signals(loop)
        drains: set[asyncio.Task[None]] = set()

        async def drain() -> None:
            told_to_stop.append(None)
            await app.drain()
            app.cancel_connections()
            stop.set()

        # Ctrl-C reaches the workers too, and then their parent tells them.
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        loop.add_signal_handler(signal.SIGTERM, lambda: drains.add(loop.create_task(drain())))
        return stop

    _signals.set_loop_signals = draining  # ty: ignore[invalid-assignment]  # it is untyped
    return app


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


granian: Server = Granian("granian")
granian_mt: Server = Granian("granian-mt", threads=2)
