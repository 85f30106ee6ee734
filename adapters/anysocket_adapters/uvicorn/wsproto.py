"""uvicorn's wsproto implementation: what is repaired in its protocol, and its transport.

What differs from the specification, as of 0.54, besides what `transport` and `repairs.wsproto` say:

- What comes before accept is lost.
- An offer of permessage-deflate with parameters that make no sense makes accept fail.
- The header lines of the peer's subprotocols and extensions are missing.
- A send that waits for the peer doesn't end when the peer closes.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from anysocket.capabilities import Capabilities, Support
from anysocket.handshake import RawHeaders
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.repairs.wsproto import DEFLATE, FRAMES, repair_connection
from anysocket_adapters.uvicorn.transport import WSPROTO, UvicornTransport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
    from wsproto.events import BytesMessage, CloseConnection, Request, TextMessage
else:
    WSProtocol = object


@WSPROTO.repair(
    needs=("handle_message", "queue", "read_paused"), keeps=("end_behind_unread", "pong_behind_unread")
)
class ReadsAhead(WSProtocol):
    """Let several messages be unread before reading pauses: behind the first one no pong is seen.

    uvicorn 0.54 pauses reading whenever it queues a message, unless it thinks that it has.
    """

    read_paused: bool
    _unread_size = 0

    def handle_message(self, event: "TextMessage | BytesMessage") -> None:
        unread = self.queue.qsize()
        self._unread_size = size = len(event.data) + (self._unread_size if unread else 0)
        if self.read_paused or size >= MAX_UNREAD_SIZE or unread >= MAX_UNREAD:
            super().handle_message(event)
            return
        self.read_paused = True
        super().handle_message(event)
        self.read_paused = False


@WSPROTO.repair(needs=("handle_close", "writable"), keeps=("end_while_suspended",))
class WakesSenders(WSProtocol):
    """End the sends that wait for the peer when it closes: uvicorn 0.54 waits until it has read."""

    def handle_close(self, event: "CloseConnection") -> None:
        super().handle_close(event)
        self.writable.set()


@WSPROTO.repair(
    needs=("conn", "data_received", "wsproto.handshake:H11Handshake._h11_connection"),
    keeps=("early_message", "message_before_accept"),
)
class TakesEarlyBytes(WSProtocol):
    """Take what came before accept: wsproto 1.3 leaves it to the HTTP parser of the handshake."""

    def take_early_bytes(self) -> None:
        """Read it as frames, once the connection is open."""
        parser = self.conn.handshake._h11_connection  # pyright: ignore[reportPrivateUsage]
        if parser.trailing_data[0]:
            self.data_received(parser.trailing_data[0])


@WSPROTO.repair(
    needs=(
        "conn",
        "wsproto.handshake:H11Handshake._initiating_request",
        "wsproto.handshake:server_extensions_handshake",
        "wsproto.extensions:PerMessageDeflate",
    ),
    keeps=("malformed_extension_offer",),
)
class ReadsOffers(WSProtocol):
    """wsproto 1.3 takes the peer's offers out of the header lines, and fails on one that makes no sense."""

    _offered: "Request | None" = None

    def offers(self) -> list[tuple[bytes, bytes]]:
        """Give the offers of subprotocols and extensions as header lines, those of each name in one."""
        request = self._offered or self.conn.handshake._initiating_request  # pyright: ignore[reportPrivateUsage]
        if request is None:
            return []
        offers = {
            b"sec-websocket-protocol": request.subprotocols,
            b"sec-websocket-extensions": request.extensions,
        }
        return [
            (name, ", ".join(map(str, offer)).encode("latin-1")) for name, offer in offers.items() if offer
        ]

    def decline_malformed_offers(self) -> None:
        """Do without extensions where the peer's offer makes no sense."""
        from wsproto.extensions import PerMessageDeflate
        from wsproto.handshake import server_extensions_handshake

        handshake = self.conn.handshake
        request = handshake._initiating_request  # pyright: ignore[reportPrivateUsage]
        if request is None or not request.extensions:
            return
        try:
            server_extensions_handshake(cast("Sequence[str]", request.extensions), [PerMessageDeflate()])
        except ValueError:
            self._offered = request
            declined = replace(request, extensions=[])
            handshake._initiating_request = declined  # pyright: ignore[reportPrivateUsage]


@WSPROTO.repair(needs=("conn",), keeps=FRAMES.everything() | DEFLATE.everything())
class RepairsConnection(WSProtocol):
    """wsproto has made its connection once uvicorn has accepted."""

    def repair_connection(self) -> frozenset[str]:
        """Repair it, and give the capabilities that are lost on it."""
        return repair_connection(self.conn.connection)


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
    repairs: ClassVar[Repairs] = WSPROTO

    _lost_in_wsproto: frozenset[str] = frozenset()

    def _lost(self) -> frozenset[str]:
        return super()._lost() | FRAMES.missing() | DEFLATE.missing() | self._lost_in_wsproto

    @property
    def headers(self) -> RawHeaders:
        protocol = self._protocol
        return (
            (*super().headers, *protocol.offers()) if isinstance(protocol, ReadsOffers) else super().headers
        )

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        protocol = self._protocol
        if isinstance(protocol, ReadsOffers):
            protocol.decline_malformed_offers()
        await super().accept(subprotocol, headers)
        if isinstance(protocol, RepairsConnection):
            self._lost_in_wsproto = protocol.repair_connection()
        if isinstance(protocol, TakesEarlyBytes):
            protocol.take_early_bytes()
