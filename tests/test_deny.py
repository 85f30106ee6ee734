"""Denying a connection (contract H3)."""

from typing import ClassVar

import anyio
import pytest

from anysocket import (
    Capabilities,
    ConnectionClosed,
    InvalidState,
    Support,
    Unsupported,
    WebSocketRequest,
)
from anysocket.handshake import Denial, denial
from anysocket.session.session import Session
from anysocket.session.state import State
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


@pytest.fixture
def request_(transport: MemoryTransport, connecting: Session) -> WebSocketRequest:
    return WebSocketRequest(connecting)


async def test_deny(request_: WebSocketRequest, connecting: Session, peer: MemoryPeer) -> None:
    await request_.deny(404, [("X-Why", "none")], "no such room")
    assert await peer.receive() == Denial(
        404,
        [
            (b"x-why", b"none"),
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"12"),
        ],
        b"no such room",
    )
    assert connecting.state is State.CLOSED
    assert connecting.code == 1006


async def test_deny_is_403_unless_told(request_: WebSocketRequest, peer: MemoryPeer) -> None:
    await request_.deny()
    assert await peer.receive() == denial(403)


async def test_close_before_accept(connecting: Session, peer: MemoryPeer) -> None:
    await connecting.close(4001, "not sent to anyone")
    assert await peer.receive() == denial(403)
    assert connecting.state is State.CLOSED
    assert connecting.code == 1006


async def test_close_before_accept_is_checked_all_the_same(connecting: Session) -> None:
    with pytest.raises(ValueError, match="can't be sent"):
        await connecting.close(1005)
    assert connecting.state is State.CONNECTING


async def test_after_deny(request_: WebSocketRequest, connecting: Session) -> None:
    await request_.deny()
    with pytest.raises(InvalidState, match="can't accept"):
        await connecting.accept()
    with pytest.raises(InvalidState, match="can't deny"):
        await request_.deny()
    with pytest.raises(ConnectionClosed):
        await connecting.send("x")
    assert await connecting.receive() is None
    await connecting.close()
    assert connecting.code == 1006


async def test_deny_after_accept(request_: WebSocketRequest, opened: Session) -> None:
    with pytest.raises(InvalidState, match="can't deny while the connection is open"):
        await request_.deny()
    assert opened.state is State.OPEN


async def test_a_denial_that_cannot_be_sent(
    request_: WebSocketRequest, connecting: Session, peer: MemoryPeer
) -> None:
    with pytest.raises(ValueError, match="status 200"):
        await request_.deny(200)
    with pytest.raises(ValueError, match="isn't a token"):
        await request_.deny(headers=[("a b", "x")])
    assert connecting.state is State.CONNECTING
    await connecting.accept()
    assert await peer.receive() == Accepted(None, [])


async def test_the_peer_leaves_before_deny(
    request_: WebSocketRequest, connecting: Session, peer: MemoryPeer
) -> None:
    peer.abort()
    await request_.deny()
    assert connecting.state is State.CLOSED
    assert connecting.code == 1006


class NoDenial(MemoryTransport):
    """A server that can only answer 403."""

    declared: ClassVar[Capabilities] = Capabilities(
        denial_status=Support.ABSENT, denial_response=Support.ABSENT
    )


async def test_unsupported_leaves_it_connecting() -> None:
    transport = NoDenial()
    session = Session(transport)
    with pytest.raises(Unsupported, match="can't deny with 404, only with 403"):
        await session.deny(denial(404))
    assert session.state is State.CONNECTING
    assert session.code is None
    await session.close()
    assert await transport.peer.receive() == denial(403)


class Stuck(MemoryTransport):
    async def deny(self, denial: Denial, /) -> None:
        await anyio.sleep_forever()


async def test_accept_while_denying() -> None:
    session = Session(Stuck())
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.deny, denial())
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(InvalidState, match="while the connection is denying: possible now: nothing"):
                await session.accept()
            tasks.cancel_scope.cancel()
