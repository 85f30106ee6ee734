"""Pings that notice a peer that is no longer there; hypercorn's own have no timeout."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from anysocket.close import CloseCode
from anysocket.session.bounded import bounded
from anysocket_adapters.hypercorn.http2 import as_http2
from anysocket_adapters.hypercorn.stream import Stream, is_end
from anysocket_adapters.lazy_event import LazyEvent

if TYPE_CHECKING:
    from hypercorn.protocol.events import Event as StreamEvent

_LAST_WORDS = 1.0
"""Seconds for the close frame to a peer that isn't heard, before its connection is cut."""

_PONG = 131
"""Bytes that the longest pong takes of the peer's window."""


class Pings:
    """The pings of one stream, until nothing is heard of its peer for the time of the timeout.

    Whatever comes says that the peer is alive. While nothing is read because the handler is busy,
    it can't say so.
    """

    def __init__(
        self, stream: Stream, interval: float, timeout: float, cut: Callable[[], Awaitable[None]]
    ) -> None:
        self._stream = stream
        self._interval = interval
        self._timeout = timeout
        self._cut = cut
        self._heard = LazyEvent()
        self._over = LazyEvent()
        self._reading = 0
        self._handle = stream.handle
        stream.handle = self._hear
        stream._send_pings = self._send  # pyright: ignore[reportPrivateUsage]

    async def _hear(self, event: "StreamEvent") -> None:
        self._heard.set()
        if is_end(event):
            self._over.set()
        self._reading += 1
        try:
            await self._handle(event)
        finally:
            self._reading -= 1

    async def _send(self) -> None:
        from wsproto.events import Ping

        while True:
            with bounded(self._interval):
                await self._over.wait()
                return
            self._heard = LazyEvent()
            with anyio.move_on_after(self._timeout) as waiting:
                await self._stream._send_wsproto_event(Ping())  # pyright: ignore[reportPrivateUsage]
                await self._heard.wait()
            if waiting.cancelled_caught and self._could_be_heard():
                await self._give_up()
                return

    def _could_be_heard(self) -> bool:
        stream = self._stream
        if self._reading or stream.closed:
            return False
        http2 = as_http2(getattr(stream.send, "__self__", None))
        return http2 is None or http2.connection.remote_flow_control_window(stream.stream_id) >= _PONG

    async def _give_up(self) -> None:
        from hypercorn.protocol.events import StreamClosed
        from wsproto.events import CloseConnection

        stream, reason = self._stream, "keepalive ping timeout"
        with anyio.move_on_after(_LAST_WORDS):
            await stream._send_wsproto_event(  # pyright: ignore[reportPrivateUsage]
                CloseConnection(code=CloseCode.INTERNAL_ERROR, reason=reason)
            )
            await stream.send(StreamClosed(stream_id=stream.stream_id))
            return
        await self._cut()
