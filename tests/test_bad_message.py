"""A handler that receives invalid messages as values: the same messages are invalid as without it."""

from typing import Annotated

import anyio
import msgspec
import pytest

from anysocket import Application, BadMessage, Connection
from anysocket.adapter import Handshake
from anysocket.testing.memory import MemoryTransport

pytestmark = pytest.mark.anyio

app = Application()


@app.websocket("/")
async def count(connection: Connection[Annotated[int, msgspec.Meta(ge=0)] | BadMessage, str]) -> None:
    async for message in connection:
        await connection.send("bad" if isinstance(message, BadMessage) else "good")


@app.websocket("/annotated")
async def annotated(connection: Connection[Annotated[int | BadMessage | None, "a number"], str]) -> None:
    async for message in connection:
        await connection.send("bad" if isinstance(message, BadMessage) else "good")


@pytest.mark.parametrize(("number", "is_called"), [("1", "good"), ("-1", "bad"), ("x", "bad")])
async def test_a_member_with_a_constraint(number: str, is_called: str) -> None:
    transport = MemoryTransport(Handshake(path="/"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.handle, transport)
        await transport.peer.receive()
        await transport.peer.send(number)
        assert await transport.peer.receive() == is_called
        await transport.peer.close(1000)


async def test_a_union_with_an_annotation() -> None:
    transport = MemoryTransport(Handshake(path="/annotated"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.handle, transport)
        await transport.peer.receive()
        await transport.peer.send("null")
        assert await transport.peer.receive() == "good"
        await transport.peer.send("x")
        assert await transport.peer.receive() == "bad"
        await transport.peer.close(1000)
