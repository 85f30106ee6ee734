"""One connection of an application, in memory, with how its handler ended."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from anysocket import Application
from anysocket.adapter import Handshake
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport


class ServedApp:
    """What the peer has, and the exception that has come out of the application."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.peer: MemoryPeer = transport.peer
        self.error: Exception | None = None
        self.ended = anyio.Event()

    async def accepted(self) -> MemoryPeer:
        assert isinstance(await self.peer.receive(), Accepted)
        return self.peer


@asynccontextmanager
async def served(app: Application, handshake: Handshake | None = None) -> AsyncGenerator[ServedApp, None]:
    """Serve a connection for as long as its handler runs, the end of the block is its peer's."""
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
