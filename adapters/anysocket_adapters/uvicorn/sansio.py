"""uvicorn's websockets-sansio implementation: what is repaired in its protocol, and its transport.

What differs from the specification, as of 0.54, besides what `transport` says:

- The messages that came in one packet with a breach of the protocol are lost.
- A send that waits for the peer doesn't end when the peer closes.
"""

from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, ClassVar, cast

from anysocket.asgi import Receive, Scope, Send, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.uvicorn.transport import SANS_IO, UvicornTransport

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
    from websockets.frames import Frame
else:
    WebSocketsSansIOProtocol = object


@SANS_IO.repair(
    needs=("send_receive_event_to_app", "frames", "queue", "read_paused"),
    keeps=("end_behind_unread", "pong_behind_unread"),
)
class ReadsAhead(WebSocketsSansIOProtocol):
    """Let several messages be unread before reading pauses: behind the first one no pong is seen.

    uvicorn 0.54 pauses reading whenever it queues a message, unless it thinks that it has.
    """

    read_paused: bool
    _unread_size = 0

    def send_receive_event_to_app(self) -> None:
        frames, unread = self.frames, self.queue.qsize()
        size = len(frames[0]) if len(frames) == 1 else sum(map(len, frames))
        self._unread_size = size = size + self._unread_size if unread else size
        if self.read_paused or size >= MAX_UNREAD_SIZE or unread >= MAX_UNREAD:
            super().send_receive_event_to_app()
            return
        self.read_paused = True
        super().send_receive_event_to_app()
        self.read_paused = False


@SANS_IO.repair(
    needs=(
        "handle_parser_exception",
        "handle_events",
        "conn",
        "websockets.server:ServerProtocol.parser_exc",
    ),
)
class DeliversBeforeBreach(WebSocketsSansIOProtocol):
    """Hand on the messages that came in one packet with the frame that breaks the protocol."""

    def handle_parser_exception(self) -> None:
        if self.conn.parser_exc is not None:
            self.handle_events()
        super().handle_parser_exception()


@SANS_IO.repair(needs=("handle_close", "writable"), keeps=("end_while_suspended",))
class WakesSenders(WebSocketsSansIOProtocol):
    """End the sends that wait for the peer when it closes: uvicorn 0.54 waits until it has read."""

    def handle_close(self, event: "Frame") -> None:
        super().handle_close(event)
        self.writable.set()


class _Sent:
    """What has been done already, to be awaited."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return _ENDED


_ENDED = cast("Generator[None, None, None]", iter(()))  # it is only asked for what comes next
_SENT = _Sent()


@SANS_IO.repair(
    needs=(
        *("send", "close_sent", "disconnected", "writable", "conn", "transport"),
        "websockets.exceptions:InvalidState",
    )
)
class SendsAtOnce(WebSocketsSansIOProtocol):
    """uvicorn's `send` takes two coroutines, where there is nothing to wait for."""

    def send_message(self, event: WebSocketEvent) -> Awaitable[None]:
        """Send a message as uvicorn does."""
        if self.close_sent or self.disconnected or not self.writable.is_set():
            return self.send(cast("ASGISendEvent", event))  # as `send` of the specification takes it
        text = event.get("text")
        try:
            if text is not None:
                self.conn.send_text(text.encode())
            else:
                self.conn.send_binary(event.get("bytes") or b"")
        except Exception as error:
            from websockets.exceptions import InvalidState

            if isinstance(error, InvalidState):
                raise ConnectionError("the peer has left") from None
            raise
        self.transport.write(b"".join(self.conn.data_to_send()))
        return _SENT


class UvicornSansIOTransport(UvicornTransport):
    """The websockets-sansio implementation."""

    declared: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        abnormal_closure=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
        half_closed=Support.REPAIRED,
        pong_behind_unread=Support.REPAIRED,
    )
    repairs: ClassVar[Repairs] = SANS_IO

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        if isinstance(self._protocol, SendsAtOnce):
            self.send: SendEvent = self._protocol.send_message
