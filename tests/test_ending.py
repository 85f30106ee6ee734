"""Closing an open connection (contract C1, C2 and C3)."""

import anyio
import pytest

from anysocket import Close
from anysocket.session.session import Session
from anysocket.session.state import State
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "away"), (3000, ""), (4999, "€" * 41)])
async def test_close(opened: Session, peer: MemoryPeer, code: int, reason: str) -> None:
    await opened.close(code, reason)
    assert await peer.receive() == Close(code, reason)
    assert opened.code == code
    assert opened.state is State.CLOSED


async def test_close_is_1000_unless_told(opened: Session, peer: MemoryPeer) -> None:
    await opened.close()
    assert await peer.receive() == Close(1000)


async def test_close_twice(opened: Session, peer: MemoryPeer) -> None:
    await opened.close(4001)
    await opened.close(4002)
    assert opened.code == 4001
    assert await peer.receive() == Close(4001)
    with pytest.raises(anyio.EndOfStream):
        await peer.receive()


async def test_close_after_the_peer(opened: Session, peer: MemoryPeer) -> None:
    await peer.close(4001)
    assert await opened.receive() is None
    await opened.close(4002)
    assert opened.code == 4001


async def test_close_when_the_peer_has_left_unnoticed(opened: Session, peer: MemoryPeer) -> None:
    peer.abort()
    await opened.close(4002)
    assert opened.code == 4002


@pytest.mark.parametrize(("code", "reason"), [(1005, ""), (999, ""), (5000, ""), (1000, "x" * 124)])
async def test_a_close_that_cannot_be_sent(opened: Session, peer: MemoryPeer, code: int, reason: str) -> None:
    with pytest.raises(ValueError, match="close"):
        await opened.close(code, reason)
    assert opened.state is State.OPEN
    assert opened.code is None
    await opened.send("first")
    assert await peer.receive() == "first"


async def test_an_invalid_close_is_refused_even_after_the_end(opened: Session) -> None:
    await opened.close()
    with pytest.raises(ValueError, match="close code 1005 can't be sent"):
        await opened.close(1005)


class Echoing(MemoryTransport):
    """A server that reports another close after ours."""

    async def close(self, close: Close, /) -> None:
        await self.peer.close(1005)


async def test_the_first_close_recorded_stands() -> None:
    session = Session(Echoing())
    await session.accept()
    received: list[str | bytes | None] = []

    async def wait() -> None:
        received.append(await session.receive())

    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            await session.close(4001, "ours")
    assert received == [None]
    assert session.state is State.CLOSED
    assert session.code == 4001


class Telling(MemoryTransport):
    """A server that reports the end while our close is still being sent."""

    def __init__(self) -> None:
        super().__init__()
        self.let = anyio.Event()

    async def close(self, close: Close, /) -> None:
        await self.peer.close(1005)
        await self.let.wait()


async def test_it_is_closing_until_its_close_has_been_sent() -> None:
    transport = Telling()
    session = Session(transport)
    await session.accept()
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.receive)
            tasks.start_soon(session.close, 4001)
            await anyio.wait_all_tasks_blocked()
            assert (session.state, session.code) == (State.CLOSING, 4001)
            transport.let.set()
            await session.wait_close_sent()
    assert session.state is State.CLOSED


class Silent(MemoryTransport):
    """A server that waits for a close from a peer that never sends it."""

    async def close(self, close: Close, /) -> None:
        await anyio.sleep_forever()


async def test_a_silent_peer_does_not_hold_close_up() -> None:
    session = Session(Silent(), close_timeout=0.01)
    await session.accept()
    with anyio.fail_after(1):
        await session.close(4001)
        await session.close(4002)
    assert (session.state, session.code) == (State.CLOSED, 4001)


async def test_a_peer_that_does_not_read_does_not_hold_close_up() -> None:
    session = Session(MemoryTransport(unread=1), close_timeout=0.01)
    await session.accept()
    with anyio.fail_after(1):
        await session.close(4001)
    assert session.code == 4001


async def test_close_while_a_send_waits() -> None:
    transport = MemoryTransport(unread=2)
    session = Session(transport, close_timeout=1)
    await session.accept()
    await session.send("1")
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.send, "2")
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(session.close, 4001)
            await anyio.wait_all_tasks_blocked()
            *_, last = [await transport.peer.receive() for _ in range(4)]
            assert last == Close(4001)


async def test_a_cancelled_close_is_recorded() -> None:
    session = Session(Silent())
    await session.accept()
    with anyio.move_on_after(0.01):
        await session.close(4001)
    assert (session.state, session.code) == (State.CLOSED, 4001)
    assert await session.receive() is None
