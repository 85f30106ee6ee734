"""One WebSocket of hypercorn over HTTP/2 (RFC 8441), and the connection that it shares with others.

What differs from HTTP/1.1, as of 0.18 (https://github.com/pgjones/hypercorn):

- Sends never wait for the peer.
- A handler that doesn't receive stops the reading of the whole connection, and with it the news
  of the windows that its own sends wait for.
- The peer's END_STREAM, which is TCP's FIN, isn't noticed, and none is sent after the peer's close.
- Data for a stream that is over, or a request that can't be read, fails the whole connection.
"""

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

import anyio

from anysocket.asgi import Receive, Scope, Send, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket_adapters.hypercorn.stream import HypercornTransport, Stream, is_end
from anysocket_adapters.repairs.known import once_for_each_class

if TYPE_CHECKING:
    from collections.abc import Generator

    from h2.connection import H2Connection
    from h2.events import RequestReceived
    from hypercorn.protocol.events import Event as StreamEvent
    from hypercorn.protocol.h2 import StreamBuffer
    from wsproto.events import Event as WSProtoEvent
    from wsproto.events import Ping

_HIGH_WATER = 32768
"""Bytes that may wait for the peer's window before a send waits too, as hypercorn means it."""

_STREAM_WINDOW = 65535
"""Bytes of one stream that come before they are taken (RFC 9113 section 6.9.2)."""


class _EventWrapper(Protocol):
    async def set(self) -> None: ...


class _Priorities(Protocol):
    def unblock(self, stream_id: int) -> None: ...
    def remove_stream(self, stream_id: int) -> None: ...


@runtime_checkable
class HTTP2(Protocol):
    """What is used of `hypercorn.protocol.h2.H2Protocol`, one object per connection."""

    closed: bool
    connection: "H2Connection"
    streams: dict[int, object]
    stream_buffers: "dict[int, SendBuffer | StreamBuffer]"
    priority: _Priorities
    has_data: _EventWrapper
    _create_stream: "Callable[[RequestReceived], Awaitable[None]]"
    _flush: Callable[[], Awaitable[None]]


# Most that are asked about are something else, which one attribute tells sooner.
as_http2: Callable[[object], HTTP2 | None] = once_for_each_class(
    lambda found: found if hasattr(found, "stream_buffers") and isinstance(found, HTTP2) else None
)


class HypercornHTTP2Transport(HypercornTransport):
    """hypercorn's WebSocket stream over HTTP/2."""

    declared: ClassVar[Capabilities] = replace(
        HypercornTransport.declared,
        send_pressure=Support.REPAIRED,
        shared_connection=Support.REPAIRED,
        half_closed=Support.REPAIRED,
    )

    held_packets: ClassVar[float] = math.inf  # the stream's window bounds it

    def __init__(self, scope: Scope, receive: Receive, send: Send, stream: Stream, http2: HTTP2) -> None:
        self._http2 = http2
        self._streams = guard(http2)
        self._buffer = send_buffer(http2, stream.stream_id)
        self._ping: Ping | None = None
        super().__init__(scope, receive, send, stream)
        stream.app_put = self._put_or_keep

    async def _send_checked(self, event: WebSocketEvent) -> None:
        if self._buffer.full:
            await self._buffer.room()
        if self._buffer.ended:
            raise ConnectionError("the peer has left")
        await super()._send_checked(event)

    # What comes from the peer: the reading goes on, and its window is what stops it.

    async def _hold(self, event: "StreamEvent") -> None:
        if _is_end_of_data(event) and not self._held:
            await self._listen(event)
        else:
            self._streams.withhold(self._stream.stream_id)
            await super()._hold(event)

    async def _release(self) -> None:
        await super()._release()
        await self._open_window()

    def _listen(self, event: "StreamEvent") -> Awaitable[None]:
        if is_end(event):
            return self._finish(event)
        if _is_end_of_data(event):
            from hypercorn.protocol.events import StreamClosed

            return self._stream.send(StreamClosed(stream_id=self._stream.stream_id))
        return super()._listen(event)

    async def _deliver(self) -> None:
        self._streams.withhold(self._stream.stream_id)
        await super()._deliver()
        await self._open_window()

    async def _open_window(self) -> None:
        self._streams.acknowledge_withheld(self._stream.stream_id)
        await self._http2._flush()  # pyright: ignore[reportPrivateUsage]

    def _watched(
        self, events: "Generator[WSProtoEvent, None, None]"
    ) -> "Generator[WSProtoEvent, None, None]":
        from wsproto.events import Ping

        for event in super()._watched(events):
            if isinstance(event, Ping) and self._buffer.full:
                self._answer_later(event)
            else:
                yield event

    def _answer_later(self, ping: "Ping") -> None:
        """Answer the last ping once the peer reads again: it can't fill our memory with pongs."""
        if self._ping is None:
            self._stream.task_group.spawn(self._pong)
        self._ping = ping

    async def _pong(self) -> None:
        await self._buffer.room()
        ping, self._ping = self._ping, None
        if ping is not None:
            await self._stream._send_wsproto_event(ping.response())  # pyright: ignore[reportPrivateUsage]

    async def _finish(self, event: "StreamEvent") -> None:
        """End our side too, once the peer's has ended or nothing more is to be said."""
        http2, stream_id = self._http2, self._stream.stream_id
        await super()._listen(event)
        if http2.closed:
            await self._buffer.close()
            return
        if stream_id in http2.stream_buffers:
            if self._connection is not None or self._buffer.ended:
                self._buffer.set_complete()
                http2.priority.unblock(stream_id)
                await http2.has_data.set()
            else:  # nothing has been answered
                self._streams.reset(stream_id)
        await self._open_window()


class SendBuffer:
    """What waits for one stream's window, in place of `hypercorn.protocol.h2.StreamBuffer`.

    There a push that should wait for room is let go by the next look at the window, closed or not,
    and two at once may wait for ever. Here too it waits no longer than that, since it may be the
    task that reads; who has time waits for `room`.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._changed: anyio.Event | None = None
        self.ended: bool = False
        """Whether nothing more will be pushed."""

    @property
    def full(self) -> bool:
        """Whether a send should wait."""
        return len(self._data) >= _HIGH_WATER and not self.ended

    @property
    def complete(self) -> bool:
        return self.ended and not self._data

    async def push(self, data: bytes) -> None:
        if not self.ended:
            self._data += data
        if self.full:
            await self._change()

    async def pop(self, max_length: int) -> bytes:
        data = bytes(self._data[:max_length])
        del self._data[:max_length]
        self._tell()
        return data

    def set_complete(self) -> None:
        self.ended = True
        self._tell()

    async def close(self) -> None:
        self._data.clear()
        self.set_complete()

    async def room(self) -> None:
        """Wait until a send needn't wait."""
        while self.full:
            await self._change()

    async def drain(self) -> None:
        while self._data:
            await self._change()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def _change(self) -> None:
        self._changed = self._changed or anyio.Event()
        await self._changed.wait()


class _Over:
    """A stream that is over: what still comes for it was sent before the peer knew."""

    async def handle(self, event: "StreamEvent") -> None:
        pass


_OVER = _Over()


class Streams(dict[int, object]):
    """The streams of one connection, none of which can harm another."""

    def __init__(self, http2: HTTP2) -> None:
        super().__init__(http2.streams)
        connection = http2.connection
        self._http2 = http2
        self._withheld: dict[int, int] = {}
        self._acknowledge = connection.acknowledge_received_data
        self._create_stream = http2._create_stream  # pyright: ignore[reportPrivateUsage]
        connection.acknowledge_received_data = self._acknowledge_taken  # type: ignore[method-assign]
        # What one stream withholds is no window of another.
        connection.increment_flow_control_window(
            connection.local_settings.max_concurrent_streams * _STREAM_WINDOW
        )
        http2._create_stream = self._create_readable  # pyright: ignore[reportPrivateUsage]
        http2.streams = self

    def __missing__(self, stream_id: int) -> _Over:
        return _OVER

    def withhold(self, stream_id: int) -> None:
        """Leave what comes on a stream unacknowledged from now on."""
        self._withheld.setdefault(stream_id, 0)

    def acknowledge_withheld(self, stream_id: int) -> None:
        """Acknowledge what came meanwhile, and what will come."""
        if size := self._withheld.pop(stream_id, 0):
            self._acknowledge(size, stream_id)

    def _acknowledge_taken(self, acknowledged_size: int, stream_id: int) -> None:
        if stream_id in self._withheld:
            self._withheld[stream_id] += acknowledged_size
        else:
            self._acknowledge(acknowledged_size, stream_id)

    async def _create_readable(self, request: "RequestReceived") -> None:
        """Answer a request that hypercorn can't read, such as one whose path isn't ASCII."""
        try:
            await self._create_stream(request)
        except Exception:
            from h2.exceptions import ProtocolError

            self._forget(request.stream_id)
            with suppress(ProtocolError):
                self._http2.connection.send_headers(
                    request.stream_id, [(b":status", b"400")], end_stream=True
                )

    def reset(self, stream_id: int) -> None:
        """End a stream that has no answer."""
        from h2.exceptions import ProtocolError

        self._forget(stream_id)
        with suppress(ProtocolError):  # the peer has reset it
            self._http2.connection.reset_stream(stream_id)

    def _forget(self, stream_id: int) -> None:
        self.pop(stream_id, None)
        self._http2.stream_buffers.pop(stream_id, None)
        with suppress(KeyError):
            self._http2.priority.remove_stream(stream_id)


def guard(http2: HTTP2) -> Streams:
    """See that no stream of a connection can harm another, once for each connection."""
    return http2.streams if isinstance(http2.streams, Streams) else Streams(http2)


def send_buffer(http2: HTTP2, stream_id: int) -> SendBuffer:
    """Give a stream a buffer of ours, before anything is sent on it."""
    buffer = http2.stream_buffers[stream_id]
    if not isinstance(buffer, SendBuffer):
        buffer = http2.stream_buffers[stream_id] = SendBuffer()
    return buffer


def _is_end_of_data(event: object) -> bool:
    return type(event).__name__ == "EndBody"
