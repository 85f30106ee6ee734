"""How a worker on asyncio accepts connections, and ends them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from socket import socket
from ssl import SSLContext
from typing import TYPE_CHECKING, TypeAlias

from anysocket.session.bounded import bounded
from anysocket_protocol.asgi import ASGIConnection

if TYPE_CHECKING:
    from hypercorn.config import Config

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[object, object, None]]


SLICE = 1024
"""Bytes of a connection that hypercorn reads in one turn of the loop: some 25 requests over HTTP/2."""


class SlicedReader(asyncio.StreamReader):
    """Gives hypercorn a slice at a time: 64 KiB may be a thousand frames of HTTP/2, handled in one turn."""

    async def read(self, n: int = -1) -> bytes:
        await asyncio.sleep(0)
        return await super().read(min(n, SLICE))


class Connections:
    """The connections of a worker: tasks of hypercorn's, and those of our own with their tasks.

    Args:
        serve: serves a connection as hypercorn does.
    """

    def __init__(self, serve: Serve) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._serve = serve
        self._own = set[ASGIConnection]()
        self._tasks = set[asyncio.Task[None]]()
        self._over: asyncio.Future[None] | None = None
        """Done when none is left; None until that is waited for."""

    def protocol(self) -> asyncio.StreamReaderProtocol:
        """Make the protocol of a connection that hypercorn serves, as `asyncio.start_server` does."""
        return asyncio.StreamReaderProtocol(SlicedReader(), self._connect)

    # Not a coroutine: Python 3.11 logs a traceback for each of asyncio's own tasks that is cancelled.
    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.started(self.loop.create_task(self._serve(reader, writer)))

    def started(self, task: asyncio.Task[None]) -> None:
        """Wait for a task when the worker ends."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._look()

    def made(self, connection: ASGIConnection) -> None:
        """Shut down a connection when the worker ends, and wait for it."""
        self._own.add(connection)

    def lost(self, connection: ASGIConnection) -> None:
        """Let a connection go."""
        self._own.discard(connection)
        self._look()

    def _look(self) -> None:
        if self._over is not None and not self._own and not self._tasks and not self._over.done():
            self._over.set_result(None)

    async def end(self, timeout: float) -> None:
        """Shut down the connections, and cancel the tasks that are left after so many seconds."""
        for each in tuple(self._own):
            each.shutdown()
        self._over = self.loop.create_future()
        self._look()
        with bounded(timeout):
            await self._over
        for task in tuple(self._tasks):
            task.cancel()


async def accept_connections(
    connections: Connections,
    make: Callable[[], asyncio.Protocol],
    config: "Config",
    listener: socket,
    tls: SSLContext | None,
    stop: Callable[[], Awaitable[None]],
) -> None:
    """Accept connections until `stop` returns, then give them the graceful timeout to end."""
    server = await connections.loop.create_server(
        make,
        sock=listener,
        backlog=config.backlog,
        ssl=tls,
        ssl_handshake_timeout=config.ssl_handshake_timeout if tls else None,
    )
    try:
        await stop()
    finally:
        server.close()
    await connections.end(config.graceful_timeout)
