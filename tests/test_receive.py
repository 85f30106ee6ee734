"""Receiving messages (contract M1 and M2), and the end of the connection (contract C1 and C4)."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import anyio
import pytest

from anysocket import Close, InvalidState
from anysocket.session.session import Session
from anysocket.session.state import State
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio

End: TypeAlias = Callable[[Session, MemoryPeer], Coroutine[Any, Any, None]]


@pytest.mark.parametrize("message", ["text", "", "🙂", "\0", b"binary", b"", bytes(range(256))])
async def test_a_message_is_its_payload(opened: Session, peer: MemoryPeer, message: str | bytes) -> None:
    await peer.send(message)
    received = await opened.receive()
    assert received == message
    assert type(received) is type(message)


async def test_order_is_kept(opened: Session, peer: MemoryPeer) -> None:
    sent: list[str | bytes] = ["1", b"2", "", b"", "5"]
    for message in sent:
        await peer.send(message)
    assert [await opened.receive() for _ in sent] == sent


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, "bye"), (1001, ""), (1005, ""), (4999, "€" * 41), (1002, "bad"), (1007, "")]
)
async def test_the_peer_closes(opened: Session, peer: MemoryPeer, code: int, reason: str) -> None:
    await peer.send("last")
    await peer.close(code, reason)
    assert await opened.receive() == "last"
    assert opened.code is None
    assert await opened.receive() is None
    assert opened.code == code
    assert opened.state is State.CLOSED


async def test_the_connection_breaks(opened: Session, peer: MemoryPeer) -> None:
    await peer.send("last")
    peer.abort()
    assert await opened.receive() == "last"
    assert await opened.receive() is None
    assert opened.code == 1006
    assert opened.state is State.CLOSED


async def test_the_end_comes_again_and_again(opened: Session, peer: MemoryPeer) -> None:
    await peer.close(4001)
    for _ in range(5):
        with anyio.fail_after(1):
            assert await opened.receive() is None
    assert opened.code == 4001


async def test_one_receive_at_a_time(opened: Session, peer: MemoryPeer) -> None:
    received: list[str | bytes | None] = []

    async def wait() -> None:
        received.append(await opened.receive())

    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(InvalidState, match="another task is waiting in receive"):
                await opened.receive()
            await peer.send("for the first")
    assert received == ["for the first"]
    assert opened.state is State.OPEN


async def test_a_cancelled_receive_loses_nothing(opened: Session, peer: MemoryPeer) -> None:
    with anyio.move_on_after(0) as waiting:
        await opened.receive()
    assert waiting.cancelled_caught
    await peer.send("kept")
    with anyio.fail_after(1):
        assert await opened.receive() == "kept"


@pytest.mark.parametrize("order", ["message first", "cancel first"])
async def test_cancelled_as_a_message_arrives(opened: Session, peer: MemoryPeer, order: str) -> None:
    received: list[str | bytes | None] = []

    async def wait(scope: anyio.CancelScope) -> None:
        with scope:
            received.append(await opened.receive())

    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()
            tasks.start_soon(wait, scope)
            await anyio.wait_all_tasks_blocked()
            if order == "cancel first":
                scope.cancel()
            await peer.send("kept")
            scope.cancel()
        if not received:
            received.append(await opened.receive())
    assert received == ["kept"]


async def closed_by_the_handler(session: Session, peer: MemoryPeer) -> None:
    await session.close(4002, "ours")


async def closed_by_the_peer(session: Session, peer: MemoryPeer) -> None:
    await peer.close(4003, "theirs")


async def broken(session: Session, peer: MemoryPeer) -> None:
    peer.abort()


@pytest.mark.parametrize(
    ("end", "code"), [(closed_by_the_handler, 4002), (closed_by_the_peer, 4003), (broken, 1006)]
)
async def test_the_end_while_waiting(opened: Session, peer: MemoryPeer, end: End, code: int) -> None:
    received: list[str | bytes | None] = []

    async def wait() -> None:
        received.append(await opened.receive())

    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(end, opened, peer)
    assert received == [None]
    assert opened.code == code


async def test_messages_behind_our_close_are_not_given(opened: Session, peer: MemoryPeer) -> None:
    await peer.send("too late")
    await opened.close(4004)
    assert await opened.receive() is None
    assert await peer.receive() == Close(4004)


class Late(MemoryTransport):
    """A server that delivers another message after our close."""

    async def close(self, close: Close, /) -> None:
        await self.peer.send("too late")


async def test_a_message_that_comes_with_our_close_is_not_given() -> None:
    session = Session(Late())
    await session.accept()
    received: list[str | bytes | None] = []

    async def wait() -> None:
        received.append(await session.receive())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        await session.close(4005)
    assert received == [None]
    assert session.code == 4005
