"""One WebSocket of hypercorn over HTTP/1.1, and the repairs of its stream, which HTTP/2 has too.

How it differs from the specification, as of 0.18 (https://github.com/pgjones/hypercorn):

- The peer's close code and reason are lost: every disconnect says 1006 (issue 127).
- The application doesn't see why the connection ended after an oversized message, nor that it has
  ended before the peer answers.
- Data before accept is answered with 400, while accept seems to succeed; 0.16 fails on it.
- Sends after the peer has left succeed silently.
- Of several Sec-WebSocket-Protocol lines only the last one counts, and a malformed offer of
  permessage-deflate makes accept fail.
- The connection is cut when the handler returns, even during the closing handshake.
- The end of the connection waits for room in the application's queue (see `inbox`).
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, ClassVar, cast

import anyio

from anysocket.asgi import Receive, ReceiveEvent, Scope, Send, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Handshake, RawHeaders
from anysocket.session.bounded import bounded
from anysocket_adapters import loops
from anysocket_adapters.asgi import ASGITransport, offered
from anysocket_adapters.hypercorn.context import CONTEXT, spawn
from anysocket_adapters.hypercorn.inbox import Inbox
from anysocket_adapters.hypercorn.pings import PINGS
from anysocket_adapters.hypercorn.trio import TRIO_STREAM
from anysocket_adapters.repairs.repair import Repairs, without
from anysocket_adapters.repairs.wsproto import DEFLATE, FRAMES, repair_connection

if TYPE_CHECKING:
    from hypercorn.protocol.events import Event
    from hypercorn.protocol.ws_stream import Handshake as HypercornHandshake
    from hypercorn.protocol.ws_stream import WSStream
    from hypercorn.typing import ASGISendEvent, WebsocketAcceptEvent
    from wsproto.connection import Connection
    from wsproto.events import Event as WSProtoEvent
else:
    HypercornHandshake = WSStream = object

CLOSE_ECHO_TIMEOUT = 0.5
"""Seconds that the closing handshake has before the handler sees the end."""

HANDSHAKE = Repairs("hypercorn", "hypercorn.protocol.ws_stream:Handshake")
STREAM = Repairs("hypercorn", "hypercorn.protocol.ws_stream:WSStream")
"""Made when a transport begins; those of `application` are for every one."""


@HANDSHAKE.repair(
    needs=("accept", "extensions", "subprotocols"),
    keeps=("all_subprotocol_lines", "malformed_extension_offer"),
)
class AcceptsEveryOffer(HypercornHandshake):
    """hypercorn fails to accept what it hasn't read, or can't read."""

    def accept(
        self, subprotocol: str | None, additional_headers: Iterable[tuple[bytes, bytes]]
    ) -> "tuple[int, list[tuple[bytes, bytes]], Connection]":
        if subprotocol is not None:
            # The core has looked for it in all header lines.
            self.subprotocols: list[str] | None = [subprotocol]
        try:
            return super().accept(subprotocol, additional_headers)
        except ValueError:  # wsproto's, for a malformed offer: do without
            self.extensions: list[str] | None = None
            return super().accept(subprotocol, additional_headers)


@STREAM.repair(needs=("app_send", "closed"), keeps=("end_while_sending",))
class RefusesLateMessages(WSStream):
    """hypercorn drops a message after the end in silence."""

    ending: Close | None = None
    """How the connection ends, from the moment that no message goes either way any more."""

    async def send_message(self, event: WebSocketEvent) -> None:
        """Send a message.

        Raises:
            ConnectionError: the peer has left.
        """
        if self.closed or self.ending is not None:
            raise ConnectionError("the peer has left")
        await self.app_send(cast("ASGISendEvent", event))


@STREAM.repair(
    needs=("_send_wsproto_event", "wsproto.events:CloseConnection"),
    keeps=(
        *("peer_close_code", "peer_close_reason", "no_close_code"),
        *("oversized_message_code", "protocol_error_code"),
    ),
)
class NotesTheClose(WSStream):
    """hypercorn answers the peer's close with its code and reason, and tells the application neither."""

    ending: Close | None = None

    async def _send_wsproto_event(self, event: "WSProtoEvent") -> None:
        from wsproto.events import CloseConnection

        if self.ending is None and isinstance(event, CloseConnection):
            self.ending = Close(event.code, event.reason or "")
            if isinstance(self, KeepsEvents):
                self.end_soon()
        await super()._send_wsproto_event(event)


@STREAM.repair(needs=("_accept", "connection"), keeps=(*FRAMES.everything(), *DEFLATE.everything()))
class RepairsItsConnection(WSStream):
    """Repair the connection of wsproto's that accept makes."""

    async def _accept(self, message: "WebsocketAcceptEvent") -> None:
        await super()._accept(message)
        repair_connection(self.connection)


@STREAM.repair(
    needs=(
        *("_accept", "app_put", "closed", "config", "connection", "handle", "task_group"),
        *("hypercorn.protocol.events:StreamClosed", "hypercorn.typing:TaskGroup.spawn"),
        *("hypercorn.config:Config.max_app_queue_size", "wsproto.connection:ConnectionState.CLOSED"),
    ),
    keeps=(
        *("early_message", "message_before_accept", "loss_before_accept"),
        *("end_while_suspended", "end_behind_unread"),
    ),
)
class KeepsEvents(WSStream):
    """Keep what comes before accept; later put it into an inbox, which takes the end at any time."""

    inbox: Inbox
    _held: tuple["Event", ...] = ()
    _released: anyio.Event

    HELD: ClassVar[float] = 16
    """So much is kept of what comes before accept, in reads of 64 KiB; more isn't read."""

    def begin(self) -> Inbox:
        """Put what comes into an inbox from now on."""
        self._released = anyio.Event()
        self.inbox = self.make_inbox()
        # hypercorn's callback, until now its queue's
        self.app_put: Callable[..., Awaitable[None]] | None = self.inbox.put
        if self.closed:
            self.inbox.over.set()
            self.inbox.end()
        return self.inbox

    def make_inbox(self) -> Inbox:
        return Inbox(self.config.max_app_queue_size)

    @property
    def is_accepted(self) -> bool:
        """Whether the answer that opens the connection has been made."""
        return hasattr(self, "connection")

    async def handle(self, event: "Event") -> None:
        if self._released.is_set():
            await self.take(event)
        else:
            await self._hold(event)

    async def take(self, event: "Event") -> None:
        """Have hypercorn handle an event."""
        await super().handle(event)

    async def _hold(self, event: "Event") -> None:
        """Keep what comes before accept has returned; the end too, if the peer has seen the answer."""
        from hypercorn.protocol.events import StreamClosed

        ends = isinstance(event, StreamClosed)
        if ends and not self.is_accepted:
            self._released.set()
        elif ends or len(self._held) < self.HELD:
            self._held += (event,)
            return
        else:
            await self._released.wait()
        await self.take(event)

    async def _accept(self, message: "WebsocketAcceptEvent") -> None:
        try:
            await super()._accept(message)
        finally:
            if self._held and self.is_accepted:
                spawn(self, self._release)  # for which the application may have to receive
            elif self.is_accepted:
                self._released.set()

    async def _release(self) -> None:
        from hypercorn.protocol.events import StreamClosed
        from wsproto.connection import ConnectionState

        while self._held:  # what comes meanwhile is put behind
            event, *rest = self._held
            self._held = tuple(rest)
            if isinstance(event, StreamClosed) or self.connection.state is not ConnectionState.CLOSED:
                await self.take(event)
        self._released.set()

    def end_soon(self) -> None:
        """Tell the application of the end, even while our close waits for a peer that doesn't read."""
        if not self.inbox.closing:
            spawn(self, self._end_soon)

    async def _end_soon(self) -> None:
        with bounded(CLOSE_ECHO_TIMEOUT):
            await self.inbox.over.wait()
            return
        self.inbox.end()


class HypercornTransport(ASGITransport):
    """hypercorn's WebSocket stream."""

    declared: ClassVar[Capabilities] = Capabilities(
        all_subprotocol_lines=Support.REPAIRED,
        malformed_extension_offer=Support.REPAIRED,
        compressed_with_ping=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        answers_before_close=Support.ABSENT,
        early_message=Support.REPAIRED,
        message_before_accept=Support.REPAIRED,
        peer_close_code=Support.REPAIRED,
        peer_code_1014=Support.REPAIRED,
        peer_close_reason=Support.REPAIRED,
        no_close_code=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
        protocol_error_code=Support.REPAIRED,
        end_while_sending=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, stream: "WSStream") -> None:
        """Take a stream that `STREAM` has repaired."""
        super().__init__(scope, receive, send)
        self._stream = stream
        HANDSHAKE.apply(getattr(stream, "handshake", None))
        self._keeps: KeepsEvents | None = None
        if isinstance(stream, KeepsEvents):
            self._keeps = stream
            self.receive: ReceiveEvent = stream.begin().receive
        if isinstance(stream, RefusesLateMessages):
            self.send: SendEvent = stream.send_message

    @property
    def capabilities(self) -> Capabilities:
        return without(self.declared, self._lost())

    def _lost(self) -> frozenset[str]:
        """Give the capabilities whose repairs aren't on this stream."""
        stream = self._stream
        lost = unrepaired(stream, STREAM) | unrepaired(getattr(stream, "handshake", None), HANDSHAKE)
        lost |= unrepaired(getattr(stream, "context", None), CONTEXT)
        # Another release may configure it otherwise: then pings may have been asked for.
        if getattr(getattr(stream, "config", None), "websocket_ping_interval", 0) is not None:
            lost |= unrepaired(stream, PINGS)
        if loops.current() == "trio" and self.scope.get("http_version") != "2":
            lost |= unrepaired(stream, TRIO_STREAM)
        return lost | _lost_in_wsproto()

    @property
    def handshake(self) -> Handshake:
        plain = super().handshake
        if not isinstance(getattr(self._stream, "handshake", None), AcceptsEveryOffer):
            return plain
        return plain._replace(subprotocols=offered(plain.headers))

    def ended(self, event: WebSocketEvent, /) -> Close:
        ending = self._stream.ending if isinstance(self._stream, NotesTheClose) else None
        return ending or Close(CloseCode.ABNORMAL_CLOSURE)

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        if self._keeps is not None and not self._keeps.is_accepted:
            # hypercorn sends nothing on a stream that is over, and raises nothing
            raise ConnectionError("the peer left during the handshake")

    async def close(self, close: Close, /) -> None:
        if self._keeps is None:
            await super().close(close)
            return
        if self._keeps.closed:
            return
        inbox = self._keeps.inbox
        inbox.close()  # the peer's close is behind the messages that are unread
        try:
            with bounded(CLOSE_ECHO_TIMEOUT):
                await super().close(close)
                await inbox.over.wait()
        finally:
            inbox.end()  # another task may be waiting in receive
        await inbox.over.wait()


def unrepaired(found: object, *registries: Repairs) -> frozenset[str]:
    """Give the capabilities that an object lacks the repairs for."""
    return frozenset(
        name
        for registry in registries
        for repair in registry.all
        if not isinstance(found, repair.mixin)
        for name in repair.keeps
    )


@cache
def _lost_in_wsproto() -> frozenset[str]:
    """Give the capabilities that wsproto's repairs couldn't restore on the installed release."""
    from wsproto.connection import Connection, ConnectionType
    from wsproto.extensions import PerMessageDeflate

    lost = repair_connection(Connection(ConnectionType.SERVER, [PerMessageDeflate()]))
    return lost | {"protocol_error_code"} if "protocol_error_close" in lost else lost
