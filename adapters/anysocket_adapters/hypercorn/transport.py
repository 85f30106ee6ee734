"""One WebSocket of hypercorn over HTTP/1.1, as the core sees it."""

from functools import cache
from typing import TYPE_CHECKING, ClassVar

from anysocket.asgi import Receive, Scope, Send, WebSocketEvent
from anysocket.capabilities import Capabilities, Support, described
from anysocket.close import Close, CloseCode
from anysocket.handshake import Handshake, RawHeaders
from anysocket.session.bounded import bounded
from anysocket_adapters.asgi import ASGITransport, offered
from anysocket_adapters.hypercorn.early import EARLY
from anysocket_adapters.hypercorn.pings import PINGS
from anysocket_adapters.hypercorn.stream import (
    CLOSE_ECHO_TIMEOUT,
    HANDSHAKE,
    STREAM,
    KeepsEvents,
    NotesTheClose,
    RefusesLateMessages,
    TakesEverySubprotocol,
)
from anysocket_adapters.repairs.repair import Repairs, without
from anysocket_adapters.repairs.wsproto import repair_connection

if TYPE_CHECKING:
    from hypercorn.protocol.ws_stream import WSStream


class HypercornTransport(ASGITransport):
    """hypercorn's WebSocket stream."""

    declared: ClassVar[Capabilities] = Capabilities(
        all_subprotocol_lines=Support.REPAIRED,
        malformed_extension_offer=Support.REPAIRED,
        compressed_with_ping=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
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
            self.receive = stream.begin().receive
        if isinstance(stream, RefusesLateMessages):
            self.send = stream.send_message

    @property
    def capabilities(self) -> Capabilities:
        return without(self.declared, self._lost())

    def _lost(self) -> frozenset[str]:
        """Give the capabilities whose repairs aren't on this stream."""
        stream = self._stream
        lost = unrepaired(stream, STREAM, EARLY) | unrepaired(getattr(stream, "handshake", None), HANDSHAKE)
        if stream.config.websocket_ping_interval is not None:
            lost |= unrepaired(stream, PINGS)
        return lost | _lost_in_wsproto()

    @property
    def handshake(self) -> Handshake:
        plain = super().handshake
        if not isinstance(getattr(self._stream, "handshake", None), TakesEverySubprotocol):
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


class UnrepairedTransport(ASGITransport):
    """A WebSocket of hypercorn whose stream is of an unknown class."""

    declared: ClassVar[Capabilities] = without(
        HypercornTransport.declared,
        [name for name in described() if getattr(HypercornTransport.declared, name) is Support.REPAIRED],
    )


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
    from wsproto import Connection, ConnectionType
    from wsproto.extensions import PerMessageDeflate

    lost = repair_connection(Connection(ConnectionType.SERVER, [PerMessageDeflate()]))
    return lost | {"protocol_error_code"} if "protocol_error_close" in lost else lost
