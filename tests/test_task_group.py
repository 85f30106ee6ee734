"""Tasks that end together with the connection."""

from collections.abc import Awaitable, Callable
from typing import cast

import anyio
import pytest
from anyio.abc import TaskGroup

from anysocket import Close, Connection, InvalidState, WebSocketRequest
from anysocket.asgi import WebSocketEvent
from anysocket.close import EVERY_CODE
from anysocket.routing.sockets import maker
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


@pytest.fixture
def request_(opened: Session) -> WebSocketRequest:
    return WebSocketRequest(opened)


async def test_before_accept(connecting: Session) -> None:
    request = WebSocketRequest(connecting)
    with pytest.raises(InvalidState):
        async with request.task_group():
            pytest.fail("it isn't open")


async def test_the_end_of_the_block(request_: WebSocketRequest) -> None:
    async with request_.task_group() as tasks:
        tasks.start_soon(anyio.sleep_forever)
    assert request_.web_socket.code is None


async def test_a_task_that_fails(request_: WebSocketRequest) -> None:
    async def fail() -> None:
        raise KeyError

    async def handler() -> None:
        async with request_.task_group() as tasks:
            tasks.start_soon(fail)
            await anyio.sleep_forever()

    with pytest.raises(ExceptionGroup) as caught:
        await handler()
    assert caught.value.subgroup(KeyError) is not None
    assert request_.web_socket.code is None


async def test_a_block_that_fails(request_: WebSocketRequest) -> None:
    async def handler() -> None:
        async with request_.task_group() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            raise KeyError

    with pytest.raises(ExceptionGroup) as caught:
        await handler()
    assert caught.value.subgroup(KeyError) is not None


@pytest.mark.parametrize("sent", [[], ["unread"]])
@pytest.mark.parametrize("code", [1001, None])
async def test_the_peer_goes_and_nobody_receives(
    request_: WebSocketRequest, peer: MemoryPeer, sent: list[str], code: int | None
) -> None:
    for message in sent:
        await peer.send(message)
    async with request_.task_group() as tasks:
        tasks.start_soon(anyio.sleep_forever)
        tasks.start_soon(leave, peer, code)
        await anyio.sleep_forever()
    assert request_.web_socket.code == (code or 1006)


async def leave(peer: MemoryPeer, code: int | None) -> None:
    if code is None:
        peer.abort()
    else:
        await peer.close(code)


@pytest.mark.parametrize("in_a_task", [True, False])
async def test_a_slow_reader_loses_nothing(
    request_: WebSocketRequest, peer: MemoryPeer, in_a_task: bool
) -> None:
    received: list[str | bytes | None] = []
    closed = anyio.Event()

    async def read() -> None:
        received.append(await request_.web_socket.receive())
        await closed.wait()
        while True:
            await anyio.wait_all_tasks_blocked()  # by now every cancellation has been delivered
            received.append(message := await request_.web_socket.receive())
            if message is None:
                return

    async def write() -> None:
        for message in "abc":
            await peer.send(message)
        await peer.close(1000)
        while request_.web_socket.code is None:
            await anyio.wait_all_tasks_blocked()
        closed.set()

    async with anyio.create_task_group() as others:
        others.start_soon(write)
        async with request_.task_group() as tasks:
            if in_a_task:
                tasks.start_soon(read)
                await anyio.sleep_forever()
            else:
                await read()
    assert received == ["a", "b", "c", None]


async def test_what_follows_the_block_runs(request_: WebSocketRequest, peer: MemoryPeer) -> None:
    followed = False
    await peer.close(1001)
    async with request_.task_group():
        await anyio.sleep_forever()
    followed = True
    assert followed
    assert request_.web_socket.code == 1001


@pytest.mark.parametrize("by_peer", [True, False])
async def test_a_connection_that_is_over_already(
    request_: WebSocketRequest, peer: MemoryPeer, by_peer: bool
) -> None:
    if by_peer:
        await peer.close(1001)
        assert await request_.web_socket.receive() is None
    else:
        await request_.web_socket.close()
    async with request_.task_group():
        await anyio.sleep_forever()


async def test_our_close_in_a_task_while_nobody_receives() -> None:
    """The close ends the group, but only after it has been sent."""
    request = await opened_over(SlowToClose(unread=2))
    finished = False

    async def close() -> None:
        nonlocal finished
        await request.web_socket.close(1001)
        finished = True

    async with request.task_group() as tasks:
        tasks.start_soon(close)
        await anyio.sleep_forever()
    assert finished
    assert request.web_socket.code == 1001


async def test_our_close_in_a_task_while_another_receives(
    request_: WebSocketRequest, peer: MemoryPeer
) -> None:
    received: list[object] = []

    async def read() -> None:
        received.append(await request_.web_socket.receive())

    async def close() -> None:
        await anyio.wait_all_tasks_blocked()
        await request_.web_socket.close()

    async with request_.task_group() as tasks:
        tasks.start_soon(read)
        tasks.start_soon(close)
        await anyio.sleep_forever()
    assert received == [None]
    assert await peer.receive() == Close(1000)


async def test_the_reader_closes_and_receives_no_more(transport: MemoryTransport) -> None:
    session = Session(transport, close_timeout=0.01)
    await session.accept()
    await transport.peer.receive()
    request = WebSocketRequest(session)

    async def read() -> None:
        assert await session.receive() == "stop"
        await session.close()

    await transport.peer.send("stop")
    async with request.task_group() as tasks:
        tasks.start_soon(read)
        await anyio.sleep_forever()  # and yet it ends
    assert session.code == 1000


async def test_somebody_waits_in_receive_already(request_: WebSocketRequest, peer: MemoryPeer) -> None:
    received: list[object] = []

    async def read() -> None:
        received.append(await request_.web_socket.receive())

    async with anyio.create_task_group() as others:
        others.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        async with request_.task_group() as tasks:
            tasks.start_soon(leave, peer, 1001)
            await anyio.sleep_forever()
    assert received == [None]


async def test_who_waits_in_receive_already_is_told_first(
    request_: WebSocketRequest, peer: MemoryPeer
) -> None:
    ended = anyio.Event()
    finished = False

    async def read() -> None:
        assert await request_.web_socket.receive() == "a"
        await request_.wait_closed()
        await anyio.wait_all_tasks_blocked()
        assert await request_.web_socket.receive() is None
        ended.set()

    async with anyio.create_task_group() as others:
        others.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        async with request_.task_group():
            await peer.send("a")
            await peer.close(1001)
            await ended.wait()
            finished = True
    assert finished


async def test_what_is_unread_when_the_group_begins_is_not_lost(
    request_: WebSocketRequest, peer: MemoryPeer
) -> None:
    for message in "ab":
        await peer.send(message)
    await peer.close(1000)
    assert await request_.wait_closed() == 1000
    received = [await request_.web_socket.receive()]
    async with request_.task_group():
        while received[-1] is not None:
            await anyio.wait_all_tasks_blocked()
            received.append(await request_.web_socket.receive())
    assert received == ["a", "b", None]


async def test_two_groups_at_once(request_: WebSocketRequest, peer: MemoryPeer) -> None:
    async def other() -> None:
        async with request_.task_group():
            await anyio.sleep_forever()

    async with request_.task_group() as tasks:
        tasks.start_soon(other)
        tasks.start_soon(leave, peer, 1001)
        assert await request_.web_socket.receive() is None
        await anyio.sleep_forever()
    assert request_.web_socket.code == 1001


async def test_beside_whoever_waits_for_the_close(request_: WebSocketRequest, peer: MemoryPeer) -> None:
    codes: list[int] = []

    async def wait() -> None:
        codes.append(await request_.wait_closed())

    async with anyio.create_task_group() as others:
        others.start_soon(wait)
        async with request_.task_group() as tasks:
            tasks.start_soon(leave, peer, 1001)
            await anyio.sleep_forever()
    assert codes == [1001]


async def test_a_connection_with_types(request_: WebSocketRequest, peer: MemoryPeer) -> None:
    # The annotation is only known at run time, and the maker takes any.
    ws = cast("Connection[int, int]", maker(Connection[int, int], None, EVERY_CODE)(request_))
    received: list[object] = []

    async def tick(tasks: TaskGroup) -> None:
        await ws.send(1)
        await anyio.sleep_forever()

    async with ws, ws.request.task_group() as tasks:
        tasks.start_soon(tick, tasks)
        tasks.start_soon(talk, peer)
        received.extend([message async for message in ws])
    assert received == [1, 2, 3]


async def talk(peer: MemoryPeer) -> None:
    assert await peer.receive() == "1"
    for message in "123":
        await peer.send(message)
    await peer.close(1000)


class SlowToClose(MemoryTransport):
    """A server whose closing handshake takes some time."""

    async def close(self, close: Close, /) -> None:
        await anyio.wait_all_tasks_blocked()
        await super().close(close)


class Counting(MemoryTransport):
    """Counts the calls of receive."""

    asked = 0

    async def receive(self) -> WebSocketEvent:
        self.asked += 1
        return await super().receive()


async def opened_over(transport: MemoryTransport) -> WebSocketRequest:
    session = Session(transport, close_timeout=60)  # far beyond a test's deadline
    await session.accept()
    await transport.peer.receive()
    return WebSocketRequest(session)


async def test_no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a task receives, no other task polls."""
    transport = Counting()
    request = await opened_over(transport)
    sleeps: list[float] = []
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep

    async def counted(delay: float) -> None:
        sleeps.append(delay)
        await sleep(delay)

    monkeypatch.setattr("anysocket.session.session.anyio.sleep", counted)
    async with request.task_group() as tasks:
        tasks.start_soon(request.web_socket.receive)
        await anyio.wait_all_tasks_blocked()
        await transport.peer.send("a")
        await anyio.wait_all_tasks_blocked()
        assert (transport.asked, sleeps) == (2, [])
