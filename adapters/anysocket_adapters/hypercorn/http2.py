"""One WebSocket of hypercorn over HTTP/2 (RFC 8441), and the connection that it shares with others.

How it differs from HTTP/1.1, as of 0.18 (https://github.com/pgjones/hypercorn):

- Sends never wait for the peer.
- A handler that doesn't receive stops the reading of the whole connection, and with it the window
  updates that its own sends wait for.
- The peer's END_STREAM, which is TCP's FIN, isn't noticed, and none is sent after the peer's close.
- Data for a stream that is over, or a request that can't be read, fails the whole connection.
"""

import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

import anyio

from anysocket.asgi import Receive, Scope, Send, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket_adapters.hypercorn.buffer import BUFFER, WaitsForRoom
from anysocket_adapters.hypercorn.context import spawn
from anysocket_adapters.hypercorn.inbox import Inbox
from anysocket_adapters.hypercorn.stream import HypercornTransport, unrepaired
from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from h2.connection import H2Connection
    from h2.events import Event as HTTP2Event
    from h2.events import RequestReceived
    from hypercorn.events import Event as TCPEvent
    from hypercorn.protocol.events import Event
    from hypercorn.protocol.h2 import H2Protocol, StreamBuffer
    from hypercorn.protocol.ws_stream import WSStream
    from wsproto.events import Event as WSProtoEvent
    from wsproto.events import Pong

    from anysocket_adapters.hypercorn.stream import KeepsEvents, RefusesLateMessages
else:
    H2Connection = H2Protocol = KeepsEvents = RefusesLateMessages = object

STREAM_WINDOW = 65535
"""Bytes of one stream that may come before any is acknowledged (RFC 9113 section 6.9.2)."""

HTTP2 = Repairs("hypercorn", "hypercorn.protocol.h2:H2Protocol")
WINDOWS = Repairs("h2", "h2.connection:H2Connection")
HTTP2_STREAM = Repairs("hypercorn", "hypercorn.protocol.ws_stream:WSStream")
"""Made on top of `STREAM`."""


@HTTP2.repair(
    needs=(
        *("_create_stream", "connection", "priority", "stream_buffers", "streams"),
        "h2.exceptions:ProtocolError",
    )
)
class AnswersBadRequests(H2Protocol):
    """Answer 400 to a request that hypercorn can't read, such as one whose path isn't ASCII."""

    async def _create_stream(self, request: "RequestReceived") -> None:
        from h2.exceptions import ProtocolError

        try:
            await super()._create_stream(request)
        except Exception:
            forget(self, request.stream_id)
            with suppress(ProtocolError):
                self.connection.send_headers(request.stream_id, [(b":status", b"400")], end_stream=True)


@HTTP2.repair(
    needs=("_handle_events", "connection", "streams", "h2.events:DataReceived", "h2.events:StreamEnded")
)
class DropsLateData(H2Protocol):
    """Drop what the peer sent on a stream before it knew that the stream was over."""

    async def _handle_events(self, events: "list[HTTP2Event]") -> None:
        # hypercorn iterates only, and what is in time shows when it asks for the next one.
        await super()._handle_events(cast("list[HTTP2Event]", self._in_time(events)))

    def _in_time(self, events: "Iterable[HTTP2Event]") -> "Iterable[HTTP2Event]":
        from h2.events import DataReceived, StreamEnded

        for event in events:
            if not isinstance(event, DataReceived | StreamEnded) or event.stream_id in self.streams:
                yield event
            elif isinstance(event, DataReceived):
                self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)


@HTTP2.repair(needs=("handle", "stream_buffers", "hypercorn.events:Closed"))
class LetsSendersGo(H2Protocol):
    """Let go whatever waits to send when the peer has left.

    hypercorn forgets a stream whose application has ended, and with it the task that waits until the
    last bytes of that stream are sent.
    """

    async def handle(self, event: "TCPEvent") -> None:
        from hypercorn.events import Closed

        await super().handle(event)
        if isinstance(event, Closed):
            for buffer in tuple(self.stream_buffers.values()):
                await buffer.close()


@HTTP2.repair(
    needs=(
        *("closed", "connection", "has_data", "priority", "stream_buffers", "streams"),
        "h2.exceptions:ProtocolError",
    ),
    keeps=("half_closed",),
)
class EndsStreams(H2Protocol):
    """End our side of a stream too: hypercorn leaves it open when the peer's has ended."""

    async def end_stream(self, stream_id: int, *, accepted: bool) -> None:
        """End a stream behind what is still to be sent; reset it where nothing has been."""
        from h2.exceptions import ProtocolError

        buffer = self.stream_buffers.get(stream_id)
        if not isinstance(buffer, WaitsForRoom):
            return
        if self.closed:
            await buffer.close()
        elif accepted or buffer.ended:
            buffer.set_complete()
            self.priority.unblock(stream_id)
            await self.has_data.set()
        else:
            forget(self, stream_id)
            with suppress(ProtocolError):  # the peer has reset it
                self.connection.reset_stream(stream_id)


def forget(http2: "H2Protocol", stream_id: int) -> None:
    """Take a stream out of its connection."""
    http2.streams.pop(stream_id, None)
    http2.stream_buffers.pop(stream_id, None)
    with suppress(KeyError):
        http2.priority.remove_stream(stream_id)


@WINDOWS.repair(
    needs=("acknowledge_received_data", "increment_flow_control_window", "local_settings"),
    keeps=("shared_connection",),
)
class WithholdsWindows(H2Connection):
    """Acknowledge nothing of a stream whose handler doesn't receive: its own window stops the peer.

    hypercorn stops reading, which stops all streams of the connection.
    """

    withheld: dict[int, int] | None = None
    """The bytes that aren't acknowledged, of each stream that isn't read."""

    def withhold(self, stream_id: int) -> None:
        if self.withheld is None:
            self.withheld = {}
            # The bytes that one stream withholds don't narrow another one's window.
            streams = self.local_settings.max_concurrent_streams
            self.increment_flow_control_window(streams * STREAM_WINDOW)
        self.withheld.setdefault(stream_id, 0)

    def acknowledge_received_data(self, acknowledged_size: int, stream_id: int) -> None:
        if self.withheld is not None and stream_id in self.withheld:
            self.withheld[stream_id] += acknowledged_size
        else:
            super().acknowledge_received_data(acknowledged_size, stream_id)

    def open_window(self, stream_id: int) -> None:
        """Acknowledge what came meanwhile, and what will come."""
        if self.withheld is not None and (size := self.withheld.pop(stream_id, 0)):
            self.acknowledge_received_data(size, stream_id)


@HTTP2_STREAM.repair(
    needs=(
        *("config", "handle", "make_inbox", "send", "stream_id", "take", "hypercorn.protocol.events:EndBody"),
        *("hypercorn.protocol.events:StreamClosed", "hypercorn.protocol.h2:H2Protocol._flush"),
    ),
    keeps=("half_closed", "shared_connection"),
)
class ReadsOn(KeepsEvents):
    """Let the connection be read on, whatever the application does, and see the peer's END_STREAM."""

    HELD: ClassVar[float] = math.inf  # its window bounds it
    http2: "H2Protocol"
    windows: WithholdsWindows | None

    def make_inbox(self) -> Inbox:
        if self.windows is None:
            return super().make_inbox()
        return _InboxWithWindow(self.config.max_app_queue_size, self)

    async def _hold(self, event: "Event") -> None:
        from hypercorn.protocol.events import EndBody

        if isinstance(event, EndBody) and not self._held:
            await self.take(event)
        else:
            self.withhold_window()
            await super()._hold(event)

    async def _release(self) -> None:
        await super()._release()
        await self.open_window()

    async def take(self, event: "Event") -> None:
        from hypercorn.protocol.events import EndBody, StreamClosed

        if isinstance(event, EndBody):
            await self.send(StreamClosed(stream_id=self.stream_id))
            return
        await super().take(event)
        if isinstance(event, StreamClosed) and isinstance(self.http2, EndsStreams):
            await self.http2.end_stream(self.stream_id, accepted=self.is_accepted)
            if not self.http2.closed:
                await self.open_window()

    def withhold_window(self) -> None:
        if self.windows is not None:
            self.windows.withhold(self.stream_id)

    async def open_window(self) -> None:
        if self.windows is not None:
            self.windows.open_window(self.stream_id)
        await self.http2._flush()  # pyright: ignore[reportPrivateUsage]  # as its own methods do


@HTTP2_STREAM.repair(
    needs=(
        *("_send_wsproto_event", "send_message", "task_group"),
        *("hypercorn.typing:TaskGroup.spawn", "wsproto.events:Pong"),
    ),
    keeps=("send_pressure",),
)
class WaitsToSend(RefusesLateMessages):
    """Wait for room in the buffer of the stream before anything is put there."""

    send_buffer: WaitsForRoom | None
    _pong: "Pong | None" = None

    async def send_message(self, event: WebSocketEvent) -> None:
        if (buffer := self.send_buffer) is not None:
            if buffer.full:
                await buffer.room()
            if buffer.ended:
                raise ConnectionError("the peer has left")
        await super().send_message(event)

    async def _send_wsproto_event(self, event: "WSProtoEvent") -> None:
        """Answer the last ping once the peer reads again: it can't fill our memory with pongs."""
        from wsproto.events import Pong

        if self.send_buffer is None or not self.send_buffer.full or not isinstance(event, Pong):
            await super()._send_wsproto_event(event)
            return
        if self._pong is None:
            spawn(self, self._send_pong, self.send_buffer)
        self._pong = event

    async def _send_pong(self, buffer: WaitsForRoom) -> None:
        await buffer.room()
        pong, self._pong = self._pong, None
        if pong is not None:
            await super()._send_wsproto_event(pong)


class _InboxWithWindow(Inbox):
    """An inbox for which no task waits: while it is full, the stream's window is closed."""

    __slots__ = ("_stream",)

    def __init__(self, size: int, stream: ReadsOn) -> None:
        super().__init__(size)
        self._stream = stream

    async def _suspend(self) -> None:
        self._room = self._room or anyio.Event()
        self._stream.withhold_window()

    def _resume(self) -> None:
        if self._room is not None:
            self._room = None
            spawn(self._stream, self._stream.open_window)


class HypercornHTTP2Transport(HypercornTransport):
    """hypercorn's WebSocket stream over HTTP/2."""

    declared: ClassVar[Capabilities] = replace(
        HypercornTransport.declared,
        send_pressure=Support.REPAIRED,
        shared_connection=Support.REPAIRED,
        half_closed=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, stream: "WSStream") -> None:
        """Take a stream that `STREAM` has repaired."""
        http2 = self._http2 = http2_of(stream)
        HTTP2.apply(http2)
        self._windows: object = getattr(http2, "connection", None)
        WINDOWS.apply(self._windows)
        self._buffer = repaired_buffer(stream)
        HTTP2_STREAM.apply(stream)
        if isinstance(stream, ReadsOn):
            stream.http2 = http2
            stream.windows = self._windows if isinstance(self._windows, WithholdsWindows) else None
        if isinstance(stream, WaitsToSend):
            stream.send_buffer = self._buffer
        super().__init__(scope, receive, send, stream)

    def _lost(self) -> frozenset[str]:
        return (
            super()
            ._lost()
            .union(
                unrepaired(self._stream, HTTP2_STREAM),
                unrepaired(self._http2, HTTP2),
                unrepaired(self._windows, WINDOWS),
                unrepaired(self._buffer, BUFFER),
            )
        )


def http2_of(stream: "WSStream") -> "H2Protocol":
    """Give the connection that has a stream: it sends what the stream sends."""
    return cast("H2Protocol", getattr(getattr(stream, "send", None), "__self__", None))


def repaired_buffer(stream: "WSStream") -> WaitsForRoom | None:
    """Repair the buffer of a stream; None, with a warning, where that can't be done."""
    buffers: dict[int, StreamBuffer] = getattr(http2_of(stream), "stream_buffers", {})
    buffer = buffers.get(getattr(stream, "stream_id", 0))
    BUFFER.apply(buffer)
    return buffer if isinstance(buffer, WaitsForRoom) else None
