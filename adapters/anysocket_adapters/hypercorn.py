"""hypercorn over HTTP/1.1 on asyncio, and how to serve on it.

What differs from the specification, as of 0.18 (https://github.com/pgjones/hypercorn):

- The peer's close code and reason are lost: every disconnect says 1006 (issue 127). They are
  still in the wsproto events of the stream's own connection, so they are noted there.
- A peer that breaks the protocol gets no close frame.
- An oversized message is answered with 1009, but the application isn't told why it ended.
- Sends after the peer has left succeed silently.
- Of several Sec-WebSocket-Protocol lines only the last one counts.
- The connection is cut when the handler returns, even while the closing handshake is under way.
"""

import os
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import replace
from socket import socket
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast, runtime_checkable

import anyio
from anyio import Event

from anysocket.asgi import ASGIApp, Receive, Scope, Send, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Handshake, RawHeaders
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.options import OptionName, Options
from anysocket_adapters.server import Server

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework
    from wsproto.connection import Connection
    from wsproto.events import Event as WSProtoEvent
    from wsproto.events import Message

_CLOSED_POLL = 0.005
"""Seconds between two looks at whether the closing handshake is over."""


class _Handshake(Protocol):
    subprotocols: list[str] | None
    accept: Callable[
        [str | None, Iterable[tuple[bytes, bytes]]], "tuple[int, list[tuple[bytes, bytes]], Connection]"
    ]


class _Buffer(Protocol):
    extend: "Callable[[Message[Any]], None]"


@runtime_checkable
class _Stream(Protocol):
    """What is used of `hypercorn.protocol.ws_stream.WSStream`, one object per connection."""

    closed: bool
    handshake: _Handshake
    buffer: _Buffer


class HypercornTransport(ASGITransport):
    """hypercorn's WebSocket stream; a stream that looks different is taken as the specification."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        all_subprotocol_lines=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        early_message=Support.ABSENT,
        peer_close_code=Support.REPAIRED,
        peer_close_reason=Support.REPAIRED,
        no_close_code=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
        protocol_error_code=Support.REPAIRED,
        end_while_sending=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._end = Close(CloseCode.ABNORMAL_CLOSURE)
        stream = getattr(send, "__self__", None)
        self._stream = stream if isinstance(stream, _Stream) else None
        if self._stream is not None:
            self.send: SendEvent = _refusing(self._stream, self.send)

    @property
    def handshake(self) -> Handshake:
        plain = super().handshake
        offers = [
            value.decode("latin-1") for name, value in plain.headers if name == b"sec-websocket-protocol"
        ]
        return replace(
            plain, subprotocols=tuple(each.strip() for offer in offers for each in offer.split(","))
        )

    def ended(self, event: WebSocketEvent, /) -> Close:
        return super().ended(event) if self._stream is None else self._end

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        if self._stream is not None:
            self._stream.handshake.subprotocols = list(self.handshake.subprotocols)
            self._watch(self._stream)
        await super().accept(subprotocol, headers)
        if self._stream is not None and self._stream.closed:
            raise ConnectionError("the peer left during the handshake")

    async def close(self, close: Close, /) -> None:
        await super().close(close)
        # hypercorn tells of the end through receive, where another task may be waiting.
        while self._stream is not None and not self._stream.closed:  # noqa: ASYNC110
            await anyio.sleep(_CLOSED_POLL)

    def _watch(self, stream: _Stream) -> None:
        """Note how the connection ends, from the moment that it is made."""
        accept, extend = stream.handshake.accept, stream.buffer.extend

        def watched_accept(
            subprotocol: str | None, headers: Iterable[tuple[bytes, bytes]]
        ) -> "tuple[int, list[tuple[bytes, bytes]], Connection]":
            status, lines, connection = accept(subprotocol, headers)
            self._watch_events(connection)
            return status, lines, connection

        def watched_extend(message: "Message[Any]") -> None:
            try:
                extend(message)
            except Exception:  # FrameTooLargeError: hypercorn closes with 1009 on its own
                self._end = Close(CloseCode.MESSAGE_TOO_BIG)
                raise

        stream.handshake.accept = watched_accept
        stream.buffer.extend = watched_extend

    def _watch_events(self, connection: "Connection") -> None:
        from wsproto.connection import ConnectionState
        from wsproto.events import CloseConnection

        events = connection.events

        def watched() -> "Generator[WSProtoEvent, None, None]":
            for event in events():
                if isinstance(event, CloseConnection):
                    self._end = Close(event.code, event.reason or "")
                    if connection.state is ConnectionState.OPEN:
                        # wsproto says so that the peer broke the protocol. hypercorn answers
                        # only in this state, and RFC 6455 section 7.1.7 asks for an answer.
                        connection._state = ConnectionState.REMOTE_CLOSING  # pyright: ignore[reportPrivateUsage]
                yield event

        connection.events = watched  # type: ignore[method-assign]  # of this connection only


def _refusing(stream: _Stream, send: SendEvent) -> SendEvent:
    """Refuse to send once the peer has left, which hypercorn does silently."""

    def sending(event: WebSocketEvent) -> Awaitable[None]:
        if stream.closed:
            raise ConnectionError("the peer has left")
        return send(event)

    return sending


class Hypercorn(Server):
    """hypercorn on asyncio."""

    name = "hypercorn"
    distribution = "hypercorn"
    transport: type[ASGITransport] = HypercornTransport

    def refuses(self, options: Options) -> Mapping[OptionName, str]:
        refused = dict[OptionName, str]()
        if options.ping_timeout is not None:
            refused["ping_timeout"] = "sends pings and never looks for the pongs"
        if options.compression is False:
            refused["compression"] = "always offers permessage-deflate"
        return refused

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        from hypercorn.asyncio import serve  # pyright: ignore[reportUnknownVariableType]  # of WSGI apps
        from hypercorn.config import Config

        config = Config()
        config.bind = [f"fd://{os.dup(listener.fileno())}"]  # hypercorn closes what it is given
        config.root_path = options.root_path
        config.loglevel = options.log_level
        config.errorlog = "-"
        config.accesslog = "-" if options.access_log else None
        config.graceful_timeout = options.graceful_timeout
        config.websocket_ping_interval = options.ping_interval or None
        if options.tls_certificate is not None:
            config.certfile = str(options.tls_certificate)
            config.keyfile = str(options.tls_key)
        if options.max_message_size is not None:
            config.websocket_max_message_size = options.max_message_size
        await serve(cast("ASGIFramework", app), config, shutdown_trigger=stop.wait)


hypercorn: Server = Hypercorn()
