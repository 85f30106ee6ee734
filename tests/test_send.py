"""Sending messages (contract M1 and M2), and sending after the end (contract C4)."""

import array
from typing import cast

import anyio
import pytest

from anysocket import Close, ConnectionClosed
from anysocket.asgi import WebSocketEvent
from anysocket.session.session import Session
from anysocket.session.state import State
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("text", "text"),
        ("", ""),
        ("🙂", "🙂"),
        (Name("text"), "text"),
        (b"binary", b"binary"),
        (b"", b""),
        (bytearray(b"binary"), b"binary"),
        (memoryview(b"binary"), b"binary"),
        (memoryview(b"binary")[::2], b"bnr"),
        (memoryview(array.array("H", [1, 2])), array.array("H", [1, 2]).tobytes()),
    ],
)
async def test_text_from_str_and_binary_from_the_rest(
    opened: Session, peer: MemoryPeer, data: str | bytes | bytearray | memoryview, message: str | bytes
) -> None:
    await opened.send(data)
    received = await peer.receive()
    assert received == message
    assert isinstance(received, str if isinstance(message, str) else bytes)


@pytest.mark.parametrize("data", [None, 1, 1.0, ["x"], {"a": 1}, object(), str, ("x",)])
async def test_anything_else(opened: Session, peer: MemoryPeer, data: str) -> None:
    with pytest.raises(TypeError, match=f"not {type(data).__name__}$"):
        await opened.send(data)
    await opened.send("first")
    assert await peer.receive() == "first"


async def test_a_lone_surrogate(opened: Session, peer: MemoryPeer) -> None:
    with pytest.raises(UnicodeEncodeError):
        await opened.send("\ud800")
    assert opened.state is State.OPEN
    await opened.send("first")
    assert await peer.receive() == "first"


async def test_a_bytearray_may_change_afterwards(opened: Session, peer: MemoryPeer) -> None:
    data = bytearray(b"before")
    await opened.send(data)
    data[:] = b"after!"
    assert await peer.receive() == b"before"


async def test_order_is_kept(opened: Session, peer: MemoryPeer) -> None:
    for number in range(10):
        await opened.send(str(number))
    assert [await peer.receive() for _ in range(10)] == [str(number) for number in range(10)]


async def test_a_peer_that_does_not_read_suspends_send() -> None:
    transport = MemoryTransport(unread=1)
    session = Session(transport)
    await session.accept()
    with anyio.move_on_after(0.01) as waiting:
        await session.send("x")
    assert waiting.cancelled_caught  # contract M4
    await transport.peer.receive()
    with anyio.fail_after(1):
        await session.send("y")
        assert await transport.peer.receive() == "y"


async def test_close_after_a_cancelled_send(opened: Session, peer: MemoryPeer) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await opened.send("x")
    await opened.close(4001)
    assert await peer.receive() == Close(4001)


async def test_send_after_our_close(opened: Session) -> None:
    await opened.close(4001, "done")
    with pytest.raises(ConnectionClosed, match=r"^the connection is closed: 4001 \(done\)$") as raised:
        await opened.send("x")
    assert (raised.value.code, raised.value.reason) == (4001, "done")


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1005, ""), (4001, "done")])
async def test_send_after_the_peer_has_closed(
    opened: Session, peer: MemoryPeer, code: int, reason: str
) -> None:
    await peer.close(code, reason)
    assert await opened.receive() is None
    for _ in range(3):
        with pytest.raises(ConnectionClosed) as raised:
            await opened.send("x")
        assert (raised.value.code, raised.value.reason) == (code, reason)


async def test_the_wrong_type_after_the_end_is_the_end(opened: Session) -> None:
    await opened.close()
    with pytest.raises(ConnectionClosed):
        await opened.send(cast("str", None))


async def test_send_finds_how_the_peer_left(opened: Session, peer: MemoryPeer) -> None:
    await peer.send("unread")
    await peer.send(b"unread")
    await peer.close(4001, "had to go")
    with pytest.raises(ConnectionClosed) as raised:
        await opened.send("x")
    assert (raised.value.code, raised.value.reason) == (4001, "had to go")
    assert opened.code == 4001
    assert opened.state is State.CLOSED
    assert await opened.receive() == "unread"
    assert await opened.receive() == b"unread"
    assert await opened.receive() is None


async def test_send_to_a_broken_connection(opened: Session, peer: MemoryPeer) -> None:
    await peer.send("unread")
    peer.abort()
    with pytest.raises(ConnectionClosed) as raised:
        await opened.send("x")
    assert (raised.value.code, raised.value.reason) == (1006, "")
    assert opened.code == 1006


class Mute(MemoryTransport):
    """A server that fails a send, but whose `receive` never reports that the peer has left."""

    async def send(self, event: WebSocketEvent) -> None:
        raise anyio.BrokenResourceError


async def test_send_does_not_wait_for_ever_to_find_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anysocket.session.session._LAST_EVENTS_TIMEOUT", 0.01)
    session = Session(Mute())
    await session.accept()
    with anyio.fail_after(1), pytest.raises(ConnectionClosed, match="1006"):
        await session.send("x")


async def test_send_and_a_waiting_receive_find_the_same(opened: Session, peer: MemoryPeer) -> None:
    received: list[str | bytes | None] = []

    async def wait() -> None:
        received.append(await opened.receive())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        await peer.close(4001, "had to go")
        with pytest.raises(ConnectionClosed, match=r"4001 \(had to go\)"):
            await opened.send("x")
    assert received == [None]


class OneReader(MemoryTransport):
    """A server whose `receive` mustn't be called twice at once, and whose send fails first."""

    def __init__(self) -> None:
        super().__init__()
        self._reading = anyio.Lock()

    async def receive(self) -> WebSocketEvent:
        self._reading.acquire_nowait()
        try:
            return await super().receive()
        finally:
            self._reading.release()

    async def send(self, event: WebSocketEvent) -> None:
        self.peer.abort()
        raise anyio.BrokenResourceError


async def test_a_failed_send_never_receives_beside_a_waiting_receive() -> None:
    session = Session(OneReader())
    await session.accept()
    received: list[str | bytes | None] = []

    async def wait() -> None:
        received.append(await session.receive())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(ConnectionClosed, match="1006"):
            await session.send("x")
    assert received == [None]


async def test_concurrent_sends_to_a_peer_that_left(opened: Session, peer: MemoryPeer) -> None:
    codes: list[int] = []

    async def send() -> None:
        with pytest.raises(ConnectionClosed) as raised:
            await opened.send("x")
        codes.append(raised.value.code)

    await peer.close(4001)
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(send)
    assert codes == [4001, 4001, 4001]
