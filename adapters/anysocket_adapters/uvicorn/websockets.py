"""uvicorn's websockets implementation, on the legacy API of the websockets package, and its transport.

Repaired is what shutdown and close need, as of uvicorn 0.54 with websockets 17.4.
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from anysocket.asgi import WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.uvicorn.transport import WEBSOCKETS, UvicornTransport

if TYPE_CHECKING:
    from uvicorn.protocols.websockets.websockets_impl import WebSocketProtocol
    from websockets.datastructures import Headers
    from websockets.typing import Data
else:
    WebSocketProtocol = object

_HANG_UP_TIMEOUT = 0.5
"""Seconds that a peer has to hang up once all has been read; websockets gives it ten."""


@WEBSOCKETS.repair(
    needs=("write_http_response", "response_headers", "transport"), keeps=("denial_latin1_headers",)
)
class WritesLatin1(WebSocketProtocol):
    """Send header values as ISO-8859-1: websockets believes that they are ASCII, and sends UTF-8.

    Without `super()`, which encodes what it writes.
    """

    def write_http_response(self, status: HTTPStatus, headers: "Headers", body: bytes | None = None) -> None:
        self.response_headers = headers
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}"
        self.transport.write(head.encode("latin-1") + (body or b""))


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


@WEBSOCKETS.repair(
    needs=("fail_connection", "max_queue", "messages", "loop", "keepalive_ping", "keepalive_ping_task")
)
class TrustsWhileFull(WebSocketProtocol):
    """A peer isn't dead whose pong may be behind messages that there is no room for (contract L3)."""

    keepalive_ping_task: asyncio.Task[None]

    def fail_connection(self, code: int = CloseCode.ABNORMAL_CLOSURE, reason: str = "") -> None:
        full = self.max_queue is not None and len(self.messages) >= self.max_queue
        if full and code == CloseCode.INTERNAL_ERROR:  # no pong came
            self.keepalive_ping_task = self.loop.create_task(self.keepalive_ping())
        else:
            super().fail_connection(code, reason)


class UvicornWebSocketsTransport(UvicornTransport):
    """The websockets implementation, on websockets' legacy API."""

    repairs: ClassVar[Repairs] = WEBSOCKETS
    declared: ClassVar[Capabilities] = Capabilities(
        latin1_headers=Support.ABSENT,
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        answers_before_close=Support.ABSENT,
        denial_latin1_headers=Support.REPAIRED,
        denial_unnamed_status=Support.ABSENT,
        loss_before_accept=Support.ABSENT,
        oversized_message_code=Support.REPAIRED,
        suspended_sends=Support.ABSENT,
        protocol_error_code=Support.REPAIRED,
        close_with_unread=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
    )

    def ended(self, event: WebSocketEvent, /) -> Close:
        cause = self._protocol.cause() if isinstance(self._protocol, TellsWhyItFailed) else None
        return cause or super().ended(event)

    async def close(self, close: Close, /) -> None:
        if isinstance(self._protocol, ForgetsUnread):
            self._protocol.forget_unread()
        await super().close(close)
