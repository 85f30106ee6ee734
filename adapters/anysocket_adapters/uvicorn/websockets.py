"""uvicorn's websockets implementation, on the legacy API of the websockets package, and its transport.

What differs from the specification, as of 0.54 with websockets 17.4, besides what `transport` says:

- A header beyond ASCII in the request gives 500, and one of ours is sent as UTF-8.
- A denial needs a status that Python's `http` module names.
- Accept seems to succeed when the peer has left.
- A breach of the protocol is reported as 1006, after ten seconds.
- While a send waits for the peer, that of a second task fails, and both wait on when the peer closes.
- A peer is taken for dead whose pong is behind messages that nobody has received.
- Close waits for room in the queue of messages, and a receive of another task for the peer.
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from anysocket.asgi import WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Denial, RawHeaders
from anysocket_adapters.asgi import http_response
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.uvicorn.transport import WEBSOCKETS, UvicornTransport

if TYPE_CHECKING:
    from uvicorn.protocols.websockets.websockets_impl import WebSocketProtocol
    from websockets.datastructures import Headers
    from websockets.legacy.server import HTTPResponse
    from websockets.typing import Data
else:
    WebSocketProtocol = object

CONFIGURED = Repairs("uvicorn", WEBSOCKETS.target)
"""What is repaired before uvicorn has a connection for an app: where anysocket configures it."""

_FAILED_TIMEOUT = 0.5
"""Seconds that a failed connection waits for its peer to hang up; websockets waits ten."""

_NAMED = frozenset(status.value for status in HTTPStatus)


@CONFIGURED.repair(needs=("process_request", "websockets.datastructures:Headers"), keeps=("latin1_headers",))
class ReadsLatin1(WebSocketProtocol):
    """uvicorn 0.54 believes that websockets reads headers as ISO-8859-1; its legacy API doesn't."""

    async def process_request(self, path: str, request_headers: "Headers") -> "HTTPResponse | None":
        from websockets.datastructures import Headers

        lines = (
            (name, value.encode("ascii", "surrogateescape").decode("latin-1"))
            for name, value in request_headers.raw_items()
        )
        return await super().process_request(path, Headers(lines))


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
    needs=("transport", "handshake_started_event", "closed_event"),
    keeps=("denial_unnamed_status",),
)
class WritesDenial(WebSocketProtocol):
    """websockets writes the phrase that Python has for a status, and fails where it has none."""

    def answer(self, response: bytes) -> None:
        """Write a response as `send_500_response` does: what websockets writes then goes nowhere."""
        self.transport.write(response)
        self.transport.close()
        self.handshake_started_event.set()
        self.closed_event.set()


@WEBSOCKETS.repair(needs=("lost_connection_before_handshake",), keeps=("loss_before_accept",))
class KnowsLossBeforeAccept(WebSocketProtocol):
    """uvicorn 0.54 lets accept pass when the peer has left."""

    def refuse_lost(self) -> None:
        """Raise ConnectionError when the peer has left."""
        if self.lost_connection_before_handshake:
            raise ConnectionError("the peer left during the handshake")


@WEBSOCKETS.repair(
    needs=(
        *("_drain_helper", "_drain_waiter", "_paused", "close_rcvd"),
        *("ensure_open", "connection_closed_exc"),
    ),
    keeps=("suspended_sends",),
)
class LetsManyWait(WebSocketProtocol):
    """Let several tasks wait for a peer that reads slowly, until it closes.

    The second one fails on an assertion in websockets, whose code is asyncio's before 3.10, and a
    peer that has closed and doesn't read is waited for.
    """

    _turn: asyncio.Lock | None = None
    _answered = False
    """Whether the peer has closed, and our answer waits to be read."""

    async def _drain_helper(self) -> None:
        if not self._paused:
            await super()._drain_helper()
        elif self.close_rcvd is None:
            self._turn = self._turn or asyncio.Lock()
            async with self._turn:
                if self.close_rcvd is None:
                    await super()._drain_helper()
        else:  # this is our answer
            self._answered = True
            waiter = self._drain_waiter
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    async def ensure_open(self) -> None:
        if self._answered:
            raise self.connection_closed_exc()
        await super().ensure_open()


@WEBSOCKETS.repair(
    needs=("fail_connection", "close_timeout", "close_rcvd", "close_sent"),
    keeps=("protocol_error_code", "oversized_message_code", "end_while_suspended"),
)
class TellsWhyItFailed(WebSocketProtocol):
    """Report a failed connection soon, with the code that was sent."""

    _timed_out = False
    close_timeout: float

    def fail_connection(self, code: int = CloseCode.ABNORMAL_CLOSURE, reason: str = "") -> None:
        self._timed_out = code == CloseCode.INTERNAL_ERROR  # no pong came
        self.close_timeout = _FAILED_TIMEOUT
        super().fail_connection(code, reason)

    def cause(self) -> Close | None:
        """Give the close frame that ended the connection."""
        frame = None if self._timed_out else self.close_rcvd or self.close_sent
        return None if frame is None else Close(frame.code, frame.reason)


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
    """The websockets implementation."""

    declared: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        denial_latin1_headers=Support.REPAIRED,
        denial_unnamed_status=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        suspended_sends=Support.REPAIRED,
        protocol_error_code=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        close_with_unread=Support.REPAIRED,
    )
    repairs: ClassVar[Repairs] = WEBSOCKETS

    def _lost(self) -> frozenset[str]:
        lost = super()._lost()
        return lost if isinstance(self._protocol, ReadsLatin1) else lost | CONFIGURED.everything()

    def ended(self, event: WebSocketEvent, /) -> Close:
        cause = self._protocol.cause() if isinstance(self._protocol, TellsWhyItFailed) else None
        return cause or super().ended(event)

    async def _respond(self, denial: Denial) -> None:
        if denial.status not in _NAMED and isinstance(self._protocol, WritesDenial):
            self._protocol.answer(http_response(denial))
        else:
            await super()._respond(denial)

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        if isinstance(self._protocol, KnowsLossBeforeAccept):
            self._protocol.refuse_lost()

    async def close(self, close: Close, /) -> None:
        if isinstance(self._protocol, ForgetsUnread):
            self._protocol.forget_unread()
        await super().close(close)
