"""Waiting for the end without receiving: the connection is read ahead (contract C6)."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from anysocket import Close, ConnectionClosed, InvalidState
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


async def test_a_peer_that_closes(opened: Session, peer: MemoryPeer) -> None:
    await peer.close(4001, "bye")
    assert await opened.wait_closed() == 4001
    assert opened.reason == "bye"


async def test_a_peer_that_is_lost(opened: Session, peer: MemoryPeer) -> None:
    peer.abort()
    assert await opened.wait_closed() == 1006


async def test_a_close_of_our_own(opened: Session) -> None:
    codes: list[int] = []

    async def wait() -> None:
        codes.append(await opened.wait_closed())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        tasks.start_soon(wait)
        await checkpoint()
        await opened.close(4002)
    assert codes == [4002, 4002]
    assert await opened.wait_closed() == 4002


async def test_before_accept(connecting: Session) -> None:
    with pytest.raises(InvalidState, match="accept"):
        await connecting.wait_closed()


async def test_messages_stay_to_be_received(opened: Session, peer: MemoryPeer) -> None:
    for number in range(10):
        await peer.send(str(number))
    await peer.close(4001)
    assert await opened.wait_closed() == 4001
    assert [await opened.receive() for _ in range(12)] == [*map(str, range(10)), None, None]


async def test_a_handler_that_receives_beside_it(opened: Session, peer: MemoryPeer) -> None:
    received: list[str | bytes] = []
    codes: list[int] = []

    async def receive() -> None:
        while (message := await opened.receive()) is not None:
            received.append(message)

    async def wait() -> None:
        codes.append(await opened.wait_closed())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        tasks.start_soon(wait)
        for number in range(100):
            await peer.send(str(number))
        await peer.close(4001)
    assert received == list(map(str, range(100)))
    assert codes == [4001]


async def test_a_wait_that_is_cancelled_loses_nothing(opened: Session, peer: MemoryPeer) -> None:
    for number in range(6):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(opened.wait_closed)
            await anyio.wait_all_tasks_blocked()
            await peer.send(str(number))
            if number % 2:
                await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
    await peer.close(4001)
    assert [await opened.receive() for _ in range(7)] == [*map(str, range(6)), None]
    assert opened.code == 4001


@pytest.mark.parametrize(("message", "fit"), [("x", MAX_UNREAD), ("x" * (MAX_UNREAD_SIZE // 4), 4)])
async def test_unread_messages_are_bounded(message: str, fit: int) -> None:
    transport = MemoryTransport(unread=1)
    session = Session(transport)
    await session.accept()
    sent = 0

    async def send() -> None:
        nonlocal sent
        while True:
            await transport.peer.send(message)
            sent += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.wait_closed)
        tasks.start_soon(send)
        await anyio.wait_all_tasks_blocked()
        assert sent == fit + 1  # one is still in the pipe
        await session.receive()
        await anyio.wait_all_tasks_blocked()
        assert sent == fit + 2  # and the peer can send on
        tasks.cancel_scope.cancel()


async def test_who_only_sends_learns_how_the_peer_left(opened: Session, peer: MemoryPeer) -> None:
    await peer.send("unread")
    await peer.close(4001)
    with pytest.raises(ConnectionClosed):
        await opened.send("late")
    assert opened.code == 4001
    assert await opened.receive() == "unread"
    assert await opened.receive() is None


async def test_who_closes_wants_no_more_messages(opened: Session, peer: MemoryPeer) -> None:
    await peer.send("unread")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(opened.wait_closed)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    await opened.close(4002)
    assert await opened.receive() is None
    assert await peer.receive() == Close(4002)
