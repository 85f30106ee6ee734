"""One WebSocket of hypercorn over HTTP/2 (RFC 8441), and the connection that it shares with others.

How it differs from HTTP/1.1, as of 0.18 (https://github.com/pgjones/hypercorn):

- Sends never wait for the peer.
- A handler that doesn't receive stops the reading of the whole connection, and with it the window
  updates that its own sends wait for.
- The peer's END_STREAM, which is TCP's FIN, isn't noticed, and none is sent after the peer's close.
- Data for a stream that is over, or a request that can't be read, fails the whole connection.
"""

import asyncio
import math
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Never, cast

import anyio

from anysocket.asgi import Receive, Scope, Send, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket_adapters.hypercorn.inbox import Inbox
from anysocket_adapters.hypercorn.stream import KeepsEvents, RefusesLateMessages
from anysocket_adapters.hypercorn.transport import HypercornTransport, unrepaired
from anysocket_adapters.lazy_event import new_event
from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from h2.connection import H2Connection
    from h2.events import Event as HTTP2Event
    from h2.events import RequestReceived
    from hypercorn.protocol.events import EndBody, Event, StreamClosed
    from hypercorn.protocol.h2 import H2Protocol, StreamBuffer
    from hypercorn.protocol.ws_stream import WSStream
    from typing_extensions import TypeIs
    from wsproto.events import Event as WSProtoEvent
    from wsproto.events import Pong

    class _Stream(KeepsEvents, RefusesLateMessages):
        """A stream that `STREAM` has repaired."""
else:
    H2Connection = H2Protocol = StreamBuffer = _Stream = object

HIGH_WATER = 32768
"""Bytes that may wait for the peer's window before a send waits too, as hypercorn means it."""

STREAM_WINDOW = 65535
"""Bytes of one stream that may come before any is acknowledged (RFC 9113 section 6.9.2)."""

BUFFER = Repairs("hypercorn", "hypercorn.protocol.h2:StreamBuffer")
HTTP2 = Repairs("hypercorn", "hypercorn.protocol.h2:H2Protocol")
WINDOWS = Repairs("h2", "h2.connection:H2Connection")
HTTP2_STREAM = Repairs("hypercorn", "hypercorn.protocol.ws_stream:WSStream")
"""Made on top of `STREAM`."""


@BUFFER.repair(
    needs=("_complete", "_is_empty", "buffer", "close", "pop", "push", "set_complete"),
    keeps=("send_pressure", "suspended_sends"),
)
class WaitsForRoom(StreamBuffer):
    """A buffer for whose room any number of tasks can wait.

    hypercorn's push waits until somebody looks at the buffer, though it may still be full, and of
    two at once one may wait for ever. This push waits no longer, since it may be of the task that
    reads; a send waits for `room` before.
    """

    _changed: asyncio.Event | anyio.Event | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will be pushed."""
        return self._complete

    @property
    def full(self) -> bool:
        """Whether a send should wait."""
        return len(self.buffer) >= HIGH_WATER and not self._complete

    async def push(self, data: bytes) -> None:
        if not self._complete:
            self.buffer += data
            await self._is_empty.clear()
        if self.full:
            await self._change()

    async def pop(self, max_length: int) -> bytes:
        data = await super().pop(max_length)
        self._wake()
        return data

    def set_complete(self) -> None:
        super().set_complete()
        self._wake()

    async def close(self) -> None:
        await super().close()
        self._wake()

    async def room(self) -> None:
        """Wait until a send needn't wait."""
        while self.full:
            await self._change()

    async def _change(self) -> None:
        self._changed = self._changed or new_event()
        await self._changed.wait()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None


@HTTP2.repair(needs=("_create_stream", "connection", "priority", "stream_buffers", "streams"))
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


@HTTP2.repair(needs=("_handle_events", "connection", "streams"))
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


@HTTP2.repair(
    needs=("closed", "connection", "has_data", "priority", "stream_buffers", "streams"),
    keeps=("half_closed",),
)
class EndsStreams(H2Protocol):
    """End our side of a stream too: hypercorn leaves it open when the peer's has ended."""

    async def end_stream(self, stream_id: int, *, answered: bool) -> None:
        """End a stream behind what is still to be sent; reset it where nothing has been."""
        from h2.exceptions import ProtocolError

        buffer = self.stream_buffers.get(stream_id)
        if buffer is None:
            return
        if self.closed:
            await buffer.close()
        elif answered:
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
        *("_send_wsproto_event", "handle", "send", "stream_id", "task_group"),
        *("hypercorn.protocol.events:EndBody", "hypercorn.protocol.events:StreamClosed"),
        *("hypercorn.protocol.h2:H2Protocol._flush", "wsproto.events:Pong"),
    ),
    keeps=("send_pressure", "shared_connection", "half_closed"),
)
class SharesItsConnection(_Stream):
    """What a stream does for those that share its connection, and what they needn't do for it."""

    http2: "H2Protocol"
    send_buffer: WaitsForRoom | None = None
    HELD: ClassVar[float] = math.inf  # its window bounds it
    _pong: "Pong | None" = None

    def make_inbox(self) -> Inbox:
        if isinstance(self.http2.connection, WithholdsWindows):
            return _WithWindow(self.config.max_app_queue_size, self)
        return super().make_inbox()

    # What comes from the peer.

    async def _hold(self, event: "Event") -> None:
        from hypercorn.protocol.events import EndBody

        if isinstance(event, EndBody) and not self._held:
            await self._take(event)
        else:
            self.withhold_window()
            await super()._hold(event)

    async def _release(self) -> None:
        await super()._release()
        await self.open_window()

    def _take(self, event: "Event") -> Coroutine[object, Never, None]:
        return self._end(event) if isinstance(event, _ends()) else super()._take(event)

    async def _end(self, event: "Event") -> None:
        from hypercorn.protocol.events import EndBody, StreamClosed

        if isinstance(event, EndBody):
            await self.send(StreamClosed(stream_id=self.stream_id))
            return
        await super()._take(event)
        if isinstance(self.http2, EndsStreams):
            answered = self.is_accepted or (self.send_buffer is not None and self.send_buffer.ended)
            await self.http2.end_stream(self.stream_id, answered=answered)
            if not self.http2.closed:
                await self.open_window()

    def withhold_window(self) -> None:
        if isinstance(self.http2.connection, WithholdsWindows):
            self.http2.connection.withhold(self.stream_id)

    async def open_window(self) -> None:
        if isinstance(self.http2.connection, WithholdsWindows):
            self.http2.connection.open_window(self.stream_id)
        await self.http2._flush()  # pyright: ignore[reportPrivateUsage]  # as its own methods do

    # What goes to the peer.

    async def send_message(self, event: WebSocketEvent) -> None:
        buffer = self.send_buffer
        if buffer is not None:
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
            self.task_group.spawn(self._send_pong, self.send_buffer)
        self._pong = event

    async def _send_pong(self, buffer: WaitsForRoom) -> None:
        await buffer.room()
        pong, self._pong = self._pong, None
        if pong is not None:
            await super()._send_wsproto_event(pong)


@cache
def _ends() -> "tuple[type[EndBody], type[StreamClosed]]":
    from hypercorn.protocol.events import EndBody, StreamClosed

    return EndBody, StreamClosed


class _WithWindow(Inbox):
    """An inbox for which no task waits: it closes the stream's window while it is full."""

    def __init__(self, size: int, stream: SharesItsConnection) -> None:
        super().__init__(size)
        self._stream = stream
        self._is_withheld = False

    async def _suspend(self) -> None:
        self._is_withheld = True
        self._stream.withhold_window()

    def _resume(self) -> None:
        if self._is_withheld:
            self._is_withheld = False
            self._stream.task_group.spawn(self._stream.open_window)


class HypercornHTTP2Transport(HypercornTransport):
    """hypercorn's WebSocket stream over HTTP/2."""

    declared: ClassVar[Capabilities] = replace(
        HypercornTransport.declared,
        send_pressure=Support.REPAIRED,
        shared_connection=Support.REPAIRED,
        half_closed=Support.REPAIRED,
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, stream: "WSStream", http2: "H2Protocol"
    ) -> None:
        """Take a stream that `STREAM` has repaired, and its connection."""
        HTTP2.apply(http2)
        WINDOWS.apply(getattr(http2, "connection", None))
        self._http2 = http2
        self._buffer = repaired_buffer(http2, stream.stream_id)
        if isinstance(stream, KeepsEvents) and isinstance(stream, RefusesLateMessages):
            HTTP2_STREAM.apply(stream)
        if isinstance(stream, SharesItsConnection):
            stream.http2, stream.send_buffer = http2, self._buffer
        super().__init__(scope, receive, send, stream)

    def _lost(self) -> frozenset[str]:
        here = unrepaired(self._stream, HTTP2_STREAM) | unrepaired(self._http2, HTTP2)
        connection: object = getattr(self._http2, "connection", None)
        return super()._lost() | here | unrepaired(connection, WINDOWS) | unrepaired(self._buffer, BUFFER)


def repaired_buffer(http2: "H2Protocol", stream_id: int) -> WaitsForRoom | None:
    """Repair the buffer of a stream; None, with a warning, where that can't be done."""
    buffers: dict[int, StreamBuffer] = getattr(http2, "stream_buffers", {})
    buffer = buffers.get(stream_id)
    BUFFER.apply(buffer)
    return buffer if isinstance(buffer, WaitsForRoom) else None


def is_http2(protocol: object) -> "TypeIs[H2Protocol]":
    """Tell whether this is hypercorn's connection over HTTP/2."""
    return HTTP2.fits(protocol)
