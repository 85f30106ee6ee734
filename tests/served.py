"""One connection of an application, in memory, and the exception of its handler."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from anysocket import Application
from anysocket.adapter import Handshake
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport


class ServedApp:
    """The peer of a connection, and the exception that the application has raised."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.peer: MemoryPeer = transport.peer
        self.error: Exception | None = None
        self.ended = anyio.Event()

    async def accepted(self) -> MemoryPeer:
        assert isinstance(await self.peer.receive(), Accepted)
        return self.peer


@asynccontextmanager
async def served(app: Application, handshake: Handshake | None = None) -> AsyncGenerator[ServedApp, None]:
    """Serve a connection while its handler runs; the peer leaves at the end of the block."""
    transport = MemoryTransport(handshake)
    connection = ServedApp(transport)

    async def serve() -> None:
        try:
            await app.handle(transport)
        except Exception as error:
            connection.error = error
        connection.ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        yield connection
        transport.peer.abort()
