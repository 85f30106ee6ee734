"""anysocket on anycorn (https://github.com/davidbrochart/anycorn), on asyncio, uvloop and trio.

What differs from the specification, as of 0.20:

- The reason that the peer closes with is lost, and 1014 breaks the connection.
- A peer that breaks the protocol gets no close frame.
- Sends after the peer has left succeed silently, and so does accept.
- Of several Sec-WebSocket-Protocol lines only the last one counts, and an offer of an extension
  that makes no sense breaks the connection.
- After our close the application isn't told of the end before the peer answers.
- Pings have no timeout: a dead peer is never noticed.

What differs for every application is in `anysocket_anycorn.streams`.
"""

import os
from collections.abc import Iterable, Mapping
from socket import socket
from typing import TYPE_CHECKING, ClassVar, cast

import anyio
from anycorn import Config
from anycorn import serve as serve_anycorn  # pyright: ignore[reportUnknownVariableType]  # its WSGI apps
from anycorn.protocol.events import Event, StreamClosed
from anycorn.protocol.ws_stream import WSStream
from anycorn.utils import LifespanFailureError, LifespanTimeoutError

from anysocket import Capabilities, Close, CloseCode, Handshake, Support
from anysocket.asgi import ASGIApp, Receive, Scope, Send, SendEvent, WebSocketEvent
from anysocket.handshake import RawHeaders
from anysocket.transport import Transport
from anysocket_adapters import ASGITransport, Loop, OptionName, Options, Server, ServerFailed
from anysocket_adapters.asgi import offered
from anysocket_adapters.repairs.versions import unknown
from anysocket_adapters.repairs.wsproto import repair_connection
from anysocket_anycorn.streams import repair, typed
from anysocket_anycorn.watched import watch

if TYPE_CHECKING:
    from anycorn.typing import ASGIFramework
    from wsproto.connection import Connection

_LAST_WORDS = 0.5
"""Seconds that a peer has to answer our close before the handler is told of the end."""


class AnycornTransport(ASGITransport):
    """anycorn's WebSocket stream over HTTP/1.1."""

    declared: ClassVar[Capabilities] = Capabilities(
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
        self._end = Close(CloseCode.ABNORMAL_CLOSURE)
        self._ended = anyio.Event()
        self._connection: Connection | None = None
        """What has made the answer that opens the connection."""
        self.send: SendEvent = self._sending(self.send)
        self._closed = anyio.Event()
        self._handle = stream.handle
        stream.handle = self._listen  # type: ignore[method-assign]  # of this connection only

    @property
    def handshake(self) -> Handshake:
        plain = super().handshake
        return plain._replace(subprotocols=offered(plain.headers))

    def ended(self, event: WebSocketEvent, /) -> Close:
        return self._end

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        self._stream.handshake.subprotocols = list(self.handshake.subprotocols)
        self._watch()
        await super().accept(subprotocol, headers)
        if self._connection is None:  # anycorn sends nothing on a stream that is over, and says nothing
            raise ConnectionError("the peer left during the handshake")

    async def close(self, close: Close, /) -> None:
        try:
            with anyio.move_on_after(_LAST_WORDS):
                await super().close(close)
                await self._closed.wait()
        finally:  # another task may be waiting in receive
            if not self._closed.is_set():
                typed(self._stream).task_group.spawn(self._tell)

    def _sending(self, send: SendEvent) -> SendEvent:
        """Refuse to send once the peer has left, which anycorn does silently."""

        async def sending(event: WebSocketEvent) -> None:
            if self._stream.closed or self._ended.is_set():
                raise ConnectionError("the peer has left")
            await send(event)

        return sending

    def _watch(self) -> None:
        """Note how the connection ends, from the moment that it is made."""
        handshake = self._stream.handshake
        accept = handshake.accept

        def watched(
            subprotocol: str | None, additional_headers: Iterable[tuple[bytes, bytes]]
        ) -> "tuple[int, list[tuple[bytes, bytes]], Connection]":
            try:
                status, lines, connection = accept(subprotocol, additional_headers)
            except ValueError:  # how wsproto reads an offer that makes no sense: do without
                handshake.extensions = None
                status, lines, connection = accept(subprotocol, additional_headers)
            self._connection = connection
            repair_connection(connection)
            watch(connection, self._ends)
            return status, lines, connection

        handshake.accept = watched  # type: ignore[method-assign]  # of this connection only

    def _ends(self, close: Close) -> None:
        if not self._ended.is_set():
            self._end = close
            self._ended.set()
            typed(self._stream).task_group.spawn(self._tell_soon)

    async def _listen(self, event: Event) -> None:
        if isinstance(event, StreamClosed):
            self._closed.set()
        await self._handle(event)

    async def _tell_soon(self) -> None:
        """Tell of the end even while our answer waits for a peer that doesn't read."""
        with anyio.move_on_after(_LAST_WORDS):
            await self._closed.wait()
            return
        await self._tell()

    async def _tell(self) -> None:
        put = typed(self._stream).app_put
        if put is not None:
            await put({"type": "websocket.disconnect"})


def connect(scope: Scope, receive: Receive, send: Send) -> ASGITransport:
    """Repair what is known: a stream over HTTP/1.1; anything else is taken as the specification says."""
    stream = getattr(send, "__self__", None)
    if isinstance(stream, WSStream) and scope.get("http_version") == "1.1":
        return AnycornTransport(scope, receive, send, stream)
    if not isinstance(stream, WSStream):
        unknown("anycorn", "what is repaired on each WebSocket")
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
            if isinstance(stream, WSStream):
                repair(stream)
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
