"""What `anysocket serve` repairs of hypercorn's TCP connections, before anything is read.

TCPServer has one ProtocolWrapper, which has one protocol, of HTTP/1.1 or HTTP/2, which makes the
streams; each starts its application in the TaskGroup. hypercorn makes them all but the first, so
each is repaired by the one before it.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

import anyio

from anysocket_adapters.hypercorn.early import EARLY, HTTP_STREAM, UNCOMPRESSED
from anysocket_adapters.hypercorn.http2 import HTTP2, repaired_buffer
from anysocket_adapters.hypercorn.pings import PINGS, PingsWithTimeout
from anysocket_adapters.hypercorn.trio import TRIO_STREAM
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from hypercorn.asyncio.task_group import TaskGroup
    from hypercorn.asyncio.tcp_server import TCPServer
    from hypercorn.config import Config
    from hypercorn.protocol import ProtocolWrapper
    from hypercorn.protocol.ws_stream import WSStream
    from hypercorn.trio.tcp_server import TCPServer as TrioTCPServer
    from hypercorn.typing import AppWrapper, ASGIReceiveEvent, ASGISendEvent
    from hypercorn.typing import Scope as HypercornScope
else:
    ProtocolWrapper = TaskGroup = TCPServer = TrioTCPServer = object

_log = logging.getLogger("anysocket")

PING_TIMEOUT = 20.0
"""Seconds to wait for a pong, unless set; as uvicorn's."""

SERVER = Repairs("hypercorn", "hypercorn.asyncio.tcp_server:TCPServer")
TRIO_SERVER = Repairs("hypercorn", "hypercorn.trio.tcp_server:TCPServer")
PROTOCOL = Repairs("hypercorn", "hypercorn.protocol:ProtocolWrapper")
TASK_GROUP = Repairs("hypercorn", "hypercorn.asyncio.task_group:TaskGroup")
TRIO_TASK_GROUP = Repairs("hypercorn", "hypercorn.trio.task_group:TaskGroup")


@TRIO_SERVER.repair(needs=("run",))
@SERVER.repair(needs=("run",))
class FailsAlone(TCPServer):
    """On trio an exception in one connection ends the worker, and a peer can cause one."""

    async def run(self) -> None:
        try:
            await super().run()
        except Exception:
            _log.exception("a connection failed")


_READING = ("_read_data", "protocol", "protocol_send", "hypercorn.events:Closed")
BY_READING = ("early_message", "keepalive")
"""The capabilities that need the connections of our own loop."""


@TRIO_SERVER.repair(needs=_READING, keeps=BY_READING)
@SERVER.repair(needs=_READING, keeps=BY_READING)
class RepairsBeforeReading(TCPServer):
    """Repair the rest of the connection; and when its reading fails, end it as if the peer had left."""

    options: Options
    task_groups: Repairs
    """Those of the event loop."""
    cut: Callable[[], Awaitable[None]] | None = None
    """Ends the TCP connection at once."""

    async def _read_data(self) -> None:
        protocol = self.protocol
        PROTOCOL.apply(protocol)
        if isinstance(protocol, RepairsProtocols):
            protocol.begin(self)
        try:
            await super()._read_data()
        except Exception:
            from hypercorn.events import Closed

            _log.exception("a connection failed")  # hypercorn would cancel its handlers
            await self.protocol_send(Closed())
            await self.protocol.handle(Closed())


@SERVER.repair(needs=("writer",), keeps=("keepalive",))
class Aborts(TCPServer):
    """End a TCP connection without waiting for its peer, which hypercorn can't."""

    async def cut(self) -> None:
        self.writer.transport.abort()


@TRIO_SERVER.repair(needs=("stream",), keeps=("keepalive",))
class Closes(TrioTCPServer):
    """As `Aborts` on asyncio."""

    async def cut(self) -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await self.stream.aclose()


@PROTOCOL.repair(needs=("protocol", "task_group"), keeps=BY_READING)
class RepairsProtocols(ProtocolWrapper):
    """Repair the protocol, also the one that takes its place when the client begins with HTTP/2."""

    def begin(self, server: RepairsBeforeReading) -> None:
        server.task_groups.apply(self.task_group)
        if isinstance(self.task_group, RepairsStreams):
            self.task_group.server = server
        _repair_http2(self.protocol)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "protocol":
            _repair_http2(value)
        super().__setattr__(name, value)


def _repair_http2(protocol: object) -> None:
    if HTTP2.fits(protocol):
        HTTP2.apply(protocol)


@TRIO_TASK_GROUP.repair(needs=("spawn_app",), keeps=BY_READING)
@TASK_GROUP.repair(needs=("spawn_app",), keeps=BY_READING)
class RepairsStreams(TaskGroup):
    """Repair each stream when it starts its application."""

    server: RepairsBeforeReading

    async def spawn_app(
        self,
        app: "AppWrapper",
        config: "Config",
        scope: "HypercornScope",
        send: "Callable[[ASGISendEvent | None], Awaitable[None]]",
    ) -> "Callable[[ASGIReceiveEvent], Awaitable[None]]":
        stream: object = getattr(send, "__self__", None)
        if scope["type"] == "websocket":
            _repair_stream(cast("WSStream", stream), scope["http_version"], self.server)
        else:
            HTTP_STREAM.apply(stream)
        return await super().spawn_app(app, config, scope, send)


def _repair_stream(stream: "WSStream", http_version: str, server: RepairsBeforeReading) -> None:
    options = server.options
    EARLY.apply(stream)
    if options.compression is False:
        UNCOMPRESSED.apply(getattr(stream, "handshake", None))
    if http_version == "2":
        repaired_buffer(stream)
    elif server.task_groups is TRIO_TASK_GROUP:
        TRIO_STREAM.apply(stream)
    if options.ping_interval and server.cut is not None:
        PINGS.apply(stream)
        if isinstance(stream, PingsWithTimeout):
            stream.begin_pings(options.ping_timeout or PING_TIMEOUT, server.cut)
