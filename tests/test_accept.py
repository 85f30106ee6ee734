"""Accepting a connection (contract H2 and H5)."""

from typing import ClassVar

import anyio
import pytest

from anysocket import Capabilities, Close, ConnectionClosed, InvalidState, Support, Unsupported
from anysocket.handshake import Handshake, RawHeaders
from anysocket.session.session import Session
from anysocket.session.state import State
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio

OFFERED = Handshake(subprotocols=("chat.v2", "chat.v1"))


async def test_accept(connecting: Session, peer: MemoryPeer) -> None:
    await connecting.accept()
    assert connecting.state is State.OPEN
    assert connecting.code is None
    assert await peer.receive() == Accepted(None, [])


async def test_accept_with_headers(connecting: Session, peer: MemoryPeer) -> None:
    await connecting.accept(headers=[("Set-Cookie", "a=1"), ("set-cookie", "b=2")])
    assert await peer.receive() == Accepted(None, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")])


@pytest.mark.parametrize("subprotocol", [None, *OFFERED.subprotocols])
async def test_accept_an_offered_subprotocol(subprotocol: str | None) -> None:
    transport = MemoryTransport(OFFERED)
    await Session(transport).accept(subprotocol)
    assert await transport.peer.receive() == Accepted(subprotocol, [])


@pytest.mark.parametrize("subprotocol", ["", "chat", "chat.v3", "CHAT.V1", "chat.v2, chat.v1"])
async def test_a_subprotocol_that_was_not_offered(subprotocol: str) -> None:
    transport = MemoryTransport(OFFERED)
    session = Session(transport)
    with pytest.raises(ValueError, match=r"wasn't offered, only \['chat\.v2', 'chat\.v1'\]"):
        await session.accept(subprotocol)
    assert session.state is State.CONNECTING
    await session.accept("chat.v1")
    assert await transport.peer.receive() == Accepted("chat.v1", [])  # the first event that it has received


async def test_a_header_that_cannot_be_sent(connecting: Session, peer: MemoryPeer) -> None:
    with pytest.raises(ValueError, match="the handshake's own"):
        await connecting.accept(headers=[("sec-websocket-protocol", "chat")])
    assert connecting.state is State.CONNECTING
    await connecting.accept()
    assert await peer.receive() == Accepted(None, [])


async def test_accept_twice(opened: Session) -> None:
    with pytest.raises(InvalidState, match="can't accept while the connection is open"):
        await opened.accept()
    assert opened.state is State.OPEN


class Stuck(MemoryTransport):
    """A server whose response to the handshake is delayed until the test releases it."""

    def __init__(self) -> None:
        super().__init__()
        self.let = anyio.Event()

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await self.let.wait()
        await super().accept(subprotocol, headers)


async def test_accept_while_accepting() -> None:
    transport = Stuck()
    session = Session(transport)
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.accept)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(InvalidState, match="the connection is accepting: possible now: nothing"):
                await session.accept()
            with pytest.raises(InvalidState, match="the connection is accepting: possible now: nothing"):
                await session.close()
            assert session.state is State.ACCEPTING
            transport.let.set()
    assert session.state is State.OPEN


async def test_the_peer_leaves_before_accept(connecting: Session, peer: MemoryPeer) -> None:
    peer.abort()
    with pytest.raises(ConnectionClosed) as raised:
        await connecting.accept()
    assert (raised.value.code, raised.value.reason) == (1006, "")
    assert connecting.state is State.CLOSED
    assert connecting.code == 1006
    assert await connecting.receive() is None
    with pytest.raises(ConnectionClosed):
        await connecting.send("x")
    await connecting.close()
    with pytest.raises(InvalidState, match="can't accept while the connection is closed"):
        await connecting.accept()


class NoHeaders(MemoryTransport):
    """A server that drops the headers of accept."""

    declared: ClassVar[Capabilities] = Capabilities(accept_headers=Support.ABSENT)


async def test_unsupported_leaves_it_connecting() -> None:
    transport = NoHeaders()
    session = Session(transport)
    with pytest.raises(Unsupported, match="can't send headers when it accepts"):
        await session.accept(headers=[("x", "1")])
    assert session.state is State.CONNECTING
    assert session.code is None
    await session.accept()
    assert await transport.peer.receive() == Accepted(None, [])


async def test_receive_before_accept(connecting: Session, peer: MemoryPeer) -> None:
    await peer.send("early")
    with pytest.raises(InvalidState, match="can't receive while the connection is connecting"):
        await connecting.receive()
    await connecting.accept()
    assert await connecting.receive() == "early"  # contract M5


async def test_send_before_accept(connecting: Session, peer: MemoryPeer) -> None:
    with pytest.raises(InvalidState, match="can't send while the connection is connecting"):
        await connecting.send("x")
    await connecting.accept()
    await connecting.close()
    assert [await peer.receive(), await peer.receive()] == [Accepted(None, []), Close(1000)]
