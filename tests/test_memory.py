"""The peer's end of a connection in memory."""

import gc

import anyio
import pytest

from anysocket import Close
from anysocket.asgi import WebSocketEvent
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


async def test_the_peer_learns_that_the_handler_has_ended(opened: Session, peer: MemoryPeer) -> None:
    await opened.close()
    assert await peer.receive() == Close(1000)
    with pytest.raises(anyio.EndOfStream):
        await peer.receive()
    with pytest.raises(anyio.BrokenResourceError):
        await peer.send("x")


async def test_the_peer_may_close_back(opened: Session, peer: MemoryPeer) -> None:
    await opened.close()
    await peer.close(1000)
    assert await opened.receive() is None


async def test_a_close_without_a_code(opened: Session, peer: MemoryPeer) -> None:
    await peer.close()
    assert await opened.receive() is None
    assert opened.code == 1005


async def test_a_handler_that_does_not_receive_suspends_the_peer() -> None:
    transport = MemoryTransport(unread=2)
    with anyio.move_on_after(0.01) as waiting:
        for number in range(5):
            await transport.peer.send(str(number))
    assert waiting.cancelled_caught
    assert [(await transport.receive()).get("text") for _ in range(2)] == ["0", "1"]


async def test_those_who_wait_go_in_their_order() -> None:
    transport = MemoryTransport(unread=1)
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(transport.peer.send, str(number))
                await anyio.wait_all_tasks_blocked()
            assert [(await transport.receive()).get("text") for _ in range(5)] == ["0", "1", "2", "3", "4"]


def text(data: str) -> WebSocketEvent:
    return {"type": "websocket.send", "text": data}


async def test_leaving_ends_what_waits() -> None:
    transport = MemoryTransport(unread=1)
    await transport.send(text("1"))
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:

            async def wait() -> None:
                with pytest.raises(anyio.BrokenResourceError):
                    await transport.send(text("2"))

            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            transport.peer.abort()


async def test_it_may_be_dropped_in_any_state() -> None:
    session = Session(MemoryTransport())
    await session.accept()
    del session
    gc.collect()  # no ResourceWarning, which is an error in these tests
