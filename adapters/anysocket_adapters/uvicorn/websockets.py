"""uvicorn's websockets implementation, on the legacy API of the websockets package, and its transport.

Repaired is what shutdown and close need, as of uvicorn 0.54 with websockets 17.4.
"""

from collections import deque
from typing import TYPE_CHECKING, ClassVar

from anysocket.asgi import WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import RawHeaders
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.uvicorn.transport import WEBSOCKETS, UvicornTransport

if TYPE_CHECKING:
    from uvicorn.protocols.websockets.websockets_impl import WebSocketProtocol
    from websockets.typing import Data
else:
    WebSocketProtocol = object

_HANG_UP_TIMEOUT = 0.5
"""Seconds that a peer has to hang up once all has been read; websockets gives it ten."""


@WEBSOCKETS.repair(needs=("lost_connection_before_handshake",), keeps=("loss_before_accept",))
class KnowsLossBeforeAccept(WebSocketProtocol):
    """uvicorn lets accept pass when the peer has left."""

    def refuse_lost(self) -> None:
        """Raise ConnectionError when the peer has left."""
        if self.lost_connection_before_handshake:
            raise ConnectionError("the peer left during the handshake")


@WEBSOCKETS.repair(
    needs=("transfer_data", "close_timeout", "close_rcvd", "close_sent"),
    keeps=("protocol_error_code", "oversized_message_code", "end_while_suspended"),
)
class TellsWhyItFailed(WebSocketProtocol):
    """Report the end soon, with the code that was sent."""

    close_timeout: float

    async def transfer_data(self) -> None:
        try:
            await super().transfer_data()
        finally:
            self.close_timeout = _HANG_UP_TIMEOUT

    def cause(self) -> Close | None:
        """Give the close frame that ended the connection; None when no pong came."""
        frame = self.close_rcvd or self.close_sent
        if frame is None or (self.close_rcvd is None and frame.code == CloseCode.INTERNAL_ERROR):
            return None
        return Close(frame.code, frame.reason)


@WEBSOCKETS.repair(
    needs=("messages", "_pop_message_waiter", "_put_message_waiter"), keeps=("close_with_unread",)
)
class ForgetsUnread(WebSocketProtocol):
    """Read on to the peer's close, behind messages that nobody receives any more."""

    def forget_unread(self) -> None:
        """End a receive that waits, and make room for what comes."""
        reading, full = self._pop_message_waiter, self._put_message_waiter
        if reading is not None and not reading.done():
            self.messages.append("")
            reading.set_result(None)
        self.messages: deque[Data] = deque(self.messages, maxlen=1)
        if full is not None and not full.done():
            full.set_result(None)


class UvicornWebSocketsTransport(UvicornTransport):
    """The websockets implementation, on websockets' legacy API."""

    repairs: ClassVar[Repairs] = WEBSOCKETS
    declared: ClassVar[Capabilities] = Capabilities(
        latin1_headers=Support.ABSENT,
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        answers_before_close=Support.ABSENT,
        accept_latin1_headers=Support.ABSENT,
        denial_latin1_headers=Support.ABSENT,
        denial_unnamed_status=Support.ABSENT,
        loss_before_accept=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        suspended_sends=Support.ABSENT,
        protocol_error_code=Support.REPAIRED,
        close_with_unread=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        keepalive_while_busy=Support.ABSENT,
    )

    def ended(self, event: WebSocketEvent, /) -> Close:
        cause = self._protocol.cause() if isinstance(self._protocol, TellsWhyItFailed) else None
        return cause or super().ended(event)

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        if isinstance(self._protocol, KnowsLossBeforeAccept):
            self._protocol.refuse_lost()

    async def close(self, close: Close, /) -> None:
        if isinstance(self._protocol, ForgetsUnread):
            self._protocol.forget_unread()
        await super().close(close)
