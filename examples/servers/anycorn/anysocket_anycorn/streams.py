"""What is repaired in anycorn's own classes.

As of 0.20, for every app that anysocket serves:

- A send that waits for the peer can't be cancelled.
- What comes before accept is handled by the task that accepts, which waits for ever when it is
  more than the app's queue holds, and runs into what is read meanwhile.

And for a handler's connection, which learns from these objects how it ends:

- The reason that the peer closes with is lost.
- An offer of an extension that makes no sense makes accept fail.
"""

from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Protocol, cast

import anyio
from anycorn.protocol.events import Body, Data, Event, StreamClosed
from anycorn.protocol.ws_stream import Handshake, WSStream
from anycorn.typing import WebsocketAcceptEvent
from wsproto.connection import Connection
from wsproto.events import CloseConnection
from wsproto.events import Event as WSProtoEvent

from anysocket import Close
from anysocket.asgi import Send
from anysocket_adapters.repairs import Repairs

SERVED = Repairs("anycorn", "anycorn.protocol.ws_stream:WSStream")
"""What is repaired for every app."""
STREAM = Repairs("anycorn", "anycorn.protocol.ws_stream:WSStream")
"""What is repaired for a handler's connection, here and below."""
HANDSHAKE = Repairs("anycorn", "anycorn.protocol.ws_stream:Handshake")
CONNECTION = Repairs("wsproto", "wsproto.connection:Connection")


class _TaskGroup(Protocol):
    def spawn(self, func: Callable[..., Awaitable[None]], *args: object) -> None: ...


class _Typed(Protocol):
    app_put: Send | None
    task_group: _TaskGroup


def typed(stream: WSStream) -> _Typed:
    """Say what anycorn's own types of a stream leave open: hence the cast."""
    return cast("_Typed", stream)


@SERVED.repair(needs=("_send_wsproto_event", "task_group"))
class SendsInTask(WSStream):
    """Send in a task of the connection's, where the task that sends may be cancelled.

    anycorn shields each write from cancellation, since half a frame would break the connection.
    """

    async def _send_wsproto_event(self, event: WSProtoEvent) -> None:
        sent, errors = anyio.Event(), list[Exception]()
        typed(self).task_group.spawn(self._send_now, event, sent, errors)
        await sent.wait()
        if errors:
            raise errors[0]

    async def _send_now(self, event: WSProtoEvent, sent: anyio.Event, errors: list[Exception]) -> None:
        try:
            await super()._send_wsproto_event(event)
        except anyio.BusyResourceError:
            pass  # the connection is being closed
        except Exception as error:
            errors.append(error)
        finally:
            sent.set()


@SERVED.repair(needs=("_accept", "handle", "pre_accept_data", "handshake", "stream_id", "task_group"))
class AcceptsAlone(WSStream):
    """Handle what came before accept once it has returned, and only then what is read meanwhile."""

    _opened: anyio.Event | None = None

    async def _accept(self, message: WebsocketAcceptEvent) -> None:
        self._opened = opened = anyio.Event()
        early = bytes(self.pre_accept_data)
        self.pre_accept_data.clear()
        try:
            await super()._accept(message)
        finally:
            if early and self.handshake.accepted:
                typed(self).task_group.spawn(self._deliver, early, opened)
            else:
                opened.set()

    async def _deliver(self, early: bytes, opened: anyio.Event) -> None:
        await super().handle(Data(self.stream_id, early))
        opened.set()

    async def handle(self, event: Event) -> None:
        if self._opened is not None and isinstance(event, Body | Data):
            await self._opened.wait()
        await super().handle(event)


@STREAM.repair(needs=("handle",), keeps=("end_while_suspended",))
class ReportsItsEnd(WSStream):
    """Say at once that the stream is over: anycorn's event waits until its queue has room."""

    over: anyio.Event | None = None

    async def handle(self, event: Event) -> None:
        if isinstance(event, StreamClosed) and self.over is not None:
            self.over.set()
        await super().handle(event)


@HANDSHAKE.repair(needs=("accept", "extensions"), keeps=("malformed_extension_offer", "loss_before_accept"))
class ReportsConnection(Handshake):
    """Go on without extensions where the peer's offer makes no sense, and report the connection."""

    made: Callable[[Connection], None] | None = None

    def accept(
        self, subprotocol: str | None, additional_headers: Iterable[tuple[bytes, bytes]]
    ) -> tuple[int, list[tuple[bytes, bytes]], Connection]:
        try:
            status, lines, connection = super().accept(subprotocol, additional_headers)
        except ValueError:  # how wsproto reads an offer that makes no sense
            self.extensions = None
            status, lines, connection = super().accept(subprotocol, additional_headers)
        if self.made is not None:
            self.made(connection)
        return status, lines, connection


@CONNECTION.repair(needs=("events",), keeps=("peer_close_reason", "end_while_sending", "end_behind_unread"))
class ReportsClose(Connection):
    """Report the peer's close with its reason, which anycorn drops, as soon as it is read."""

    closes: Callable[[Close], None] | None = None

    def events(self) -> Generator[WSProtoEvent, None, None]:
        for event in super().events():
            if isinstance(event, CloseConnection) and self.closes is not None:
                self.closes(Close(event.code, event.reason or ""))
            yield event
