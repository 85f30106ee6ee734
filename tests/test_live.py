"""Closing all connections of a server at shutdown (contract L2)."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest

from anysocket import Close
from anysocket.adapter import Denial
from anysocket.handshake import RawHeaders
from anysocket.session.session import Session
from anysocket.supervision import handler
from anysocket.supervision.open_sessions import OPEN_SESSIONS, OpenSessions
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


@pytest.fixture
async def live() -> OpenSessions:
    return OpenSessions()


async def until_the_end(session: Session) -> None:
    while await session.receive() is not None:
        pass


async def until_closed(session: Session) -> None:
    await session.wait_closed()


async def hold(live: OpenSessions, session: Session, handle: Callable[[], Awaitable[object]]) -> None:
    if live.draining:
        await live.refuse(session)
        return
    live.hold(session)
    try:
        await handle()
    finally:
        live.release(session)


async def held(live: OpenSessions, session: Session) -> None:
    await hold(live, session, partial(until_the_end, session))


async def test_open_connections_end_with_1001(live: OpenSessions, opened: Session, peer: MemoryPeer) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(held, live, opened)
        await anyio.wait_all_tasks_blocked()
        await live.drain()
    assert opened.code == 1001
    assert await peer.receive() == Close(1001)


async def test_a_handler_has_time_to_end(live: OpenSessions, opened: Session) -> None:
    ends: list[str] = []

    async def handle() -> None:
        await until_the_end(opened)
        await anyio.sleep(0.1)
        ends.append("handler")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(hold, live, opened, handle))
        await anyio.wait_all_tasks_blocked()
        await live.drain()
        ends.append("drain")
    assert ends == ["handler", "drain"]


async def test_a_handler_that_has_not_answered_is_answered_for(
    live: OpenSessions, connecting: Session, peer: MemoryPeer
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(hold, live, connecting, connecting.wait_disconnected))
        await anyio.wait_all_tasks_blocked()
        await live.drain()
    answer = await peer.receive()
    assert isinstance(answer, Denial)
    assert answer.status == 503


class SlowToAccept(MemoryTransport):
    """A server whose response to the handshake takes some time."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = anyio.Event()

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await self.answered.wait()
        await super().accept(subprotocol, headers)


async def test_an_answer_under_way_is_waited_for(live: OpenSessions) -> None:
    transport = SlowToAccept()
    session = Session(transport)

    async def handle() -> None:
        await session.accept()
        await until_the_end(session)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(hold, live, session, handle))
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(live.drain)
        await anyio.wait_all_tasks_blocked()
        transport.answered.set()
    assert session.code == 1001


async def test_a_connection_that_comes_too_late_is_denied(live: OpenSessions, connecting: Session) -> None:
    await live.drain()
    called: list[None] = []

    async def handle() -> None:
        called.append(None)

    await hold(live, connecting, handle)
    assert connecting.code == 1006
    assert not called


class Failing(MemoryTransport):
    """A server whose close raises."""

    async def close(self, close: Close, /) -> None:
        raise LookupError("no close")


async def test_one_that_cannot_be_closed_keeps_no_other_open(
    live: OpenSessions, opened: Session, peer: MemoryPeer, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Session(Failing())
    await failing.accept()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(hold, live, failing, partial(until_closed, failing)))
        tasks.start_soon(held, live, opened)
        await anyio.wait_all_tasks_blocked()
        await live.drain()
    assert await peer.receive() == Close(1001)
    assert "no close" in caplog.text


async def test_a_handler_is_held_by_whoever_serves(live: OpenSessions, opened: Session) -> None:
    token = OPEN_SESSIONS.set(live)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(handler.run, partial(until_the_end, opened), opened))
            await anyio.wait_all_tasks_blocked()
            await live.drain()
    finally:
        OPEN_SESSIONS.reset(token)
    assert opened.code == 1001


async def test_without_one_it_runs_by_itself(opened: Session, peer: MemoryPeer) -> None:
    await peer.close(4001)
    await handler.run(partial(until_the_end, opened), opened)
    assert opened.code == 4001
