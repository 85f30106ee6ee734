"""The limit for received messages (contract M3)."""

import anyio
import pytest

from anysocket import Close
from anysocket.session.session import Session
from anysocket.session.state import State
from anysocket.session.websocket import MAX_MESSAGE_SIZE
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio

LIMIT = 10

FITS = ["", "x" * 10, "é" * 5, "€€€x", "🙂🙂xx", "🙂🙂", b"", b"x" * 10]
TOO_BIG = ["x" * 11, "é" * 5 + "x", "€" * 4, "🙂🙂xxx", "🙂🙂🙂", b"x" * 11, "x" * 1000]


async def opened_with(limit: int) -> tuple[Session, MemoryPeer]:
    transport = MemoryTransport()
    session = Session(transport, max_message_size=limit)
    await session.accept()
    await transport.peer.receive()
    return session, transport.peer


@pytest.mark.parametrize("message", FITS)
async def test_a_message_that_fits(message: str | bytes) -> None:
    session, peer = await opened_with(LIMIT)
    await peer.send(message)
    assert await session.receive() == message
    assert session.state is State.OPEN


@pytest.mark.parametrize("message", TOO_BIG)
async def test_a_message_that_is_too_big(message: str | bytes) -> None:
    session, peer = await opened_with(LIMIT)
    await peer.send(message)
    await peer.send("next")
    assert await session.receive() is None
    assert session.code == 1009
    assert await peer.receive() == Close(1009)
    assert await session.receive() is None


async def test_16_mib_unless_set() -> None:
    session, peer = await opened_with(MAX_MESSAGE_SIZE)
    assert MAX_MESSAGE_SIZE == 16 * 1024 * 1024
    await peer.send(bytes(MAX_MESSAGE_SIZE))
    received = await session.receive()
    assert received is not None
    assert len(received) == MAX_MESSAGE_SIZE


async def test_no_limit_on_what_is_sent() -> None:
    session, peer = await opened_with(LIMIT)
    await session.send("x" * 1000)
    assert await peer.receive() == "x" * 1000


async def test_too_big_from_a_peer_that_then_vanishes() -> None:
    session, peer = await opened_with(LIMIT)
    await peer.send("x" * 11)
    peer.abort()
    with anyio.fail_after(1):
        assert await session.receive() is None
    assert session.code == 1009
