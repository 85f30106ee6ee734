"""anysocket on anycorn (https://github.com/davidbrochart/anycorn), on asyncio, uvloop and trio.

What differs from the specification, as of 0.20:

- The reason that the peer closes with is lost, and 1014 breaks the connection.
- A peer that breaks the protocol gets no close frame.
- Sends after the peer has left succeed silently, and so does accept.
- Of several Sec-WebSocket-Protocol lines only the last one counts, and an offer of an extension
  that makes no sense breaks the connection.
- After our close the application sees the end only when the peer answers.
- Pings have no timeout: a dead peer is never noticed.

What differs for every application is in `anysocket_anycorn.streams`.
"""

import os
from collections.abc import Mapping
from socket import socket
from typing import TYPE_CHECKING, ClassVar, cast

import anyio
from anycorn import Config
from anycorn import serve as serve_anycorn  # pyright: ignore[reportUnknownVariableType]  # its WSGI apps
from anycorn.protocol.ws_stream import WSStream
from anycorn.utils import LifespanFailureError, LifespanTimeoutError

from anysocket import Capabilities, Close, CloseCode, Support
from anysocket.adapter import Handshake, RawHeaders, Transport
from anysocket.asgi import ASGIApp, Receive, Scope, Send, SendEvent, WebSocketEvent
from anysocket_adapters import ASGITransport, Loop, OptionName, Options, Server, ServerFailed, offered
from anysocket_adapters.repairs import DEFLATE, FRAMES, repair_connection, warn_unrepaired, without
from anysocket_anycorn.streams import (
    CONNECTION,
    HANDSHAKE,
    SERVED,
    STREAM,
    ReportsClose,
    ReportsConnection,
    ReportsItsEnd,
    typed,
)

if TYPE_CHECKING:
    from anycorn.typing import ASGIFramework
    from wsproto.connection import Connection

CLOSE_ECHO_TIMEOUT = 0.5
"""Seconds that a peer has to answer our close before the handler sees the end."""


class AnycornTransport(ASGITransport):
    """anycorn's WebSocket stream over HTTP/1.1."""

    declared: ClassVar[Capabilities] = Capabilities(
        answers_before_close=Support.ABSENT,
        all_subprotocol_lines=Support.REPAIRED,
        malformed_extension_offer=Support.REPAIRED,
        compressed_with_ping=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        peer_code_1014=Support.REPAIRED,
        peer_close_reason=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
        end_while_sending=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
        keepalive=Support.ABSENT,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, stream: WSStream) -> None:
        super().__init__(scope, receive, send)
        self._stream = stream
        self._lost = STREAM.apply(stream)
        self._end: Close | None = None
        self._ended = anyio.Event()
        self._over = anyio.Event()
        if isinstance(stream, ReportsItsEnd):
            stream.over = self._over
        self._connection: Connection | None = None
        """What has made the answer that opens the connection."""
        self.send: SendEvent = self._sending(self.send)

    @property
    def capabilities(self) -> Capabilities:
        missing = (HANDSHAKE, CONNECTION, FRAMES, DEFLATE)
        return without(self.declared, self._lost.union(*(each.missing() for each in missing)))

    @property
    def handshake(self) -> Handshake:
        plain = super().handshake
        return plain._replace(subprotocols=offered(plain.headers))

    def ended(self, event: WebSocketEvent, /) -> Close:
        return self._end or super().ended(event)

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        handshake = self._stream.handshake
        handshake.subprotocols = list(self.handshake.subprotocols)
        self._lost |= HANDSHAKE.apply(handshake)
        if isinstance(handshake, ReportsConnection):
            handshake.made = self._made
        await super().accept(subprotocol, headers)
        # anycorn sends nothing on a stream that is over, and says nothing.
        if self._connection is None and isinstance(handshake, ReportsConnection):
            raise ConnectionError("the peer left during the handshake")

    async def close(self, close: Close, /) -> None:
        try:
            with anyio.move_on_after(CLOSE_ECHO_TIMEOUT):
                await super().close(close)
                await self._over.wait()
        finally:  # another task may be waiting in receive
            if not self._over.is_set():
                typed(self._stream).task_group.spawn(self._disconnect)

    def _sending(self, send: SendEvent) -> SendEvent:
        """Refuse to send once the peer has left, which anycorn does silently."""

        async def sending(event: WebSocketEvent) -> None:
            if self._stream.closed or self._ended.is_set():
                raise ConnectionError("the peer has left")
            await send(event)

        return sending

    def _made(self, connection: "Connection") -> None:
        self._connection = connection
        self._lost |= repair_connection(connection) | CONNECTION.apply(connection)
        if isinstance(connection, ReportsClose):
            connection.closes = self._closes

    def _closes(self, close: Close) -> None:
        if self._end is None:
            self._end = close
            self._ended.set()
            typed(self._stream).task_group.spawn(self._disconnect_soon)

    async def _disconnect_soon(self) -> None:
        """Report the end even while our answer waits for a peer that doesn't read."""
        with anyio.move_on_after(CLOSE_ECHO_TIMEOUT):
            await self._over.wait()
            return
        await self._disconnect()

    async def _disconnect(self) -> None:
        put = typed(self._stream).app_put
        if put is not None:
            await put({"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE})


def connect(scope: Scope, receive: Receive, send: Send) -> ASGITransport:
    """Repair a stream over HTTP/1.1; one over HTTP/2 is taken as the specification says."""
    stream = getattr(send, "__self__", None)
    if isinstance(stream, WSStream) and scope.get("http_version") == "1.1":
        return AnycornTransport(scope, receive, send, stream)
    if not isinstance(stream, WSStream):
        warn_unrepaired("anycorn", STREAM.target, "any of the repairs of a WebSocket")
    return ASGITransport(scope, receive, send)


class Anycorn(Server):
    """anycorn, in the caller's event loop."""

    name = "anycorn"
    distribution = "anycorn"
    transport: type[Transport] = AnycornTransport
    loops: tuple[Loop, ...] = ("asyncio", "uvloop", "trio")
    known_failures: Mapping[str, str] = {
        # A path that isn't UTF-8 is answered with 400, and no application sees it.
        "asgi.scope.path_without_utf8": "https://github.com/davidbrochart/anycorn/issues/68",
    }

    def refuses(self, options: Options) -> Mapping[OptionName, str]:
        return {} if options.ping_timeout is None else {"ping_timeout": "waits for no pong"}

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: anyio.Event) -> None:
        config = Config()
        config.bind = [f"fd://{os.dup(listener.fileno())}"]  # anycorn closes what it is given
        config.root_path = options.root_path
        config.loglevel = options.log_level
        config.errorlog = "-"
        config.accesslog = "-" if options.access_log else None
        config.graceful_timeout = options.graceful_timeout
        config.websocket_ping_interval = options.ping_interval or None
        if options.tls_certificate is not None:
            config.certfile = str(options.tls_certificate)
            config.keyfile = str(options.tls_key)
        if options.compression is not None:
            config.websocket_permessage_deflate = options.compression
        if options.max_message_size is not None:
            config.websocket_max_message_size = options.max_message_size

        async def repaired(scope: Scope, receive: Receive, send: Send) -> None:
            stream = getattr(send, "__self__", None)
            if isinstance(stream, WSStream) and scope.get("http_version") == "1.1":
                SERVED.apply(stream)
            await app(scope, receive, send)

        failures = list[BaseException]()
        try:
            await serve_anycorn(
                cast("ASGIFramework", repaired), config, shutdown_trigger=stop.wait, mode="asgi"
            )
        except* (LifespanFailureError, LifespanTimeoutError) as errors:
            failures.extend(errors.exceptions)
        if failures:
            raise ServerFailed(f"anycorn couldn't start or stop: {failures[0]}")


anycorn: Server = Anycorn()
