"""Pings that notice a peer that is no longer there; hypercorn's own have no timeout."""

from typing import TYPE_CHECKING, cast

import anyio

from anysocket.close import CloseCode
from anysocket.session.bounded import bounded
from anysocket_adapters.hypercorn.native import PING_TIMEOUT
from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from hypercorn.asyncio.tcp_server import TCPServer
    from hypercorn.protocol.events import Event
    from hypercorn.protocol.ws_stream import WSStream
    from hypercorn.trio.tcp_server import TCPServer as TrioTCPServer
else:
    WSStream = object

FINAL_CLOSE_TIMEOUT = 1.0
"""Seconds for the close frame to a peer that isn't heard, before its connection is cut."""

_PONG_SIZE = 131
"""Bytes that the longest pong takes of the peer's window over HTTP/2."""

PINGS = Repairs("hypercorn", "hypercorn.protocol.ws_stream:WSStream")


@PINGS.repair(
    needs=(
        *("_send_pings", "_send_wsproto_event", "closed", "config", "handle", "send", "stream_id"),
        *("hypercorn.config:Config.websocket_ping_interval", "hypercorn.protocol.events:StreamClosed"),
        *("hypercorn.asyncio.tcp_server:TCPServer.writer", "hypercorn.protocol:ProtocolWrapper.send"),
        *("wsproto.events:CloseConnection", "wsproto.events:Ping"),
    ),
    keeps=("keepalive",),
)
class PingsWithTimeout(WSStream):
    """Send pings until nothing is heard of the peer for the time of the timeout.

    Any data shows that the peer is alive. While nothing is read because the handler is busy, there
    can be none.
    """

    timeout: float

    _heard: anyio.Event
    _over: anyio.Event
    _reading: int = 0

    def begin_pings(self, timeout: float | None) -> None:
        self.timeout = timeout or PING_TIMEOUT
        self._heard, self._over = anyio.Event(), anyio.Event()

    async def handle(self, event: "Event") -> None:
        self._heard.set()
        self._reading += 1
        try:
            await super().handle(event)
        finally:
            self._reading -= 1
            if self.closed:
                self._over.set()

    async def _send_pings(self) -> None:
        from wsproto.events import Ping

        interval = self.config.websocket_ping_interval
        assert interval is not None  # or hypercorn sends none
        while True:
            with bounded(interval):
                await self._over.wait()
                return
            self._heard = anyio.Event()
            with anyio.move_on_after(self.timeout) as waiting:
                await super()._send_wsproto_event(Ping())
                await self._heard.wait()
            if waiting.cancelled_caught and self._could_be_heard():
                await self._give_up()
                return

    def _could_be_heard(self) -> bool:
        if self._reading or self.closed:
            return False
        connection = getattr(getattr(self.send, "__self__", None), "connection", None)
        window = getattr(connection, "remote_flow_control_window", None)  # HTTP/1.1 has none
        return window is None or window(self.stream_id) >= _PONG_SIZE

    async def _give_up(self) -> None:
        from hypercorn.protocol.events import StreamClosed
        from wsproto.events import CloseConnection

        with anyio.move_on_after(FINAL_CLOSE_TIMEOUT):
            await super()._send_wsproto_event(
                CloseConnection(code=CloseCode.INTERNAL_ERROR, reason="keepalive ping timeout")
            )
            await self.send(StreamClosed(stream_id=self.stream_id))
            return
        await self._cut()

    async def _cut(self) -> None:
        """End the TCP connection without waiting for its peer, which hypercorn can't."""
        protocol: object = getattr(self.send, "__self__", None)
        server: object = getattr(getattr(protocol, "send", None), "__self__", None)
        if hasattr(server, "writer"):
            cast("TCPServer", server).writer.transport.abort()
            return
        with anyio.CancelScope() as scope:
            scope.cancel()
            await cast("TrioTCPServer", server).stream.aclose()
