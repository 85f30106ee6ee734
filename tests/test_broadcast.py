"""One message to many connections."""

from dataclasses import dataclass
from typing import cast

import anyio
import pytest
from anyio.lowlevel import checkpoint

from anysocket import Close, Connection, InvalidState, WebSocket, WebSocketRequest, broadcast
from anysocket.asgi import WebSocketEvent
from anysocket.messages.codec import Decode, Encode
from anysocket.routing.sockets import maker
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio

MANY = 250


async def a_member(*, unread: int = 16) -> tuple[Session, MemoryPeer]:
    transport = MemoryTransport(unread=unread)
    session = Session(transport, close_timeout=1)
    await session.accept()
    await transport.peer.receive()
    return session, transport.peer


async def members(count: int) -> tuple[list[Session], list[MemoryPeer]]:
    made = [await a_member() for _ in range(count)]
    return [session for session, _ in made], [peer for _, peer in made]


@pytest.mark.parametrize("message", ["text", "", b"binary", bytearray(b"binary"), memoryview(b"binary")])
async def test_each_gets_it(message: str | bytes | bytearray | memoryview) -> None:
    sessions, peers = await members(MANY)
    await broadcast(sessions, message)
    expected = message if isinstance(message, str) else bytes(message)
    assert [await peer.receive() for peer in peers] == [expected] * MANY


async def test_nobody() -> None:
    await broadcast(list[WebSocket](), "x")


@pytest.mark.parametrize("slow", [0, 1, MANY - 1])
async def test_slow_peers_delay_nobody_else(slow: int) -> None:
    """A slow peer may come anywhere in the order; broadcast returns after the slowest one."""
    sessions, peers = await members(MANY)
    lazy = [await a_member(unread=1) for _ in range(3)]
    for session, _ in lazy:
        await session.send("unread")
    sessions[slow:slow] = [session for session, _ in lazy]
    returned = anyio.Event()

    async def saying() -> None:
        await broadcast(sessions, "x")
        returned.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(saying)
        assert [await peer.receive() for peer in peers] == ["x"] * MANY
        assert not returned.is_set()
        for _, peer in lazy:
            assert (await peer.receive(), await peer.receive()) == ("unread", "x")
        await returned.wait()


async def test_a_bound_for_slow_peers() -> None:
    """A peer that is too slow misses the message, and stays connected."""
    (fast, peer), (slow, lazy) = await a_member(), await a_member(unread=1)
    await slow.send("unread")
    with anyio.move_on_after(0.05) as bound:
        await broadcast([slow, fast], "x")
    assert bound.cancelled_caught
    assert await peer.receive() == "x"
    assert await lazy.receive() == "unread"
    await slow.send("next")
    assert await lazy.receive() == "next"


async def test_who_has_left_is_passed_over() -> None:
    (closed, left), (broken, gone), (open_, peer) = await a_member(), await a_member(), await a_member()
    await closed.close(4000)
    assert await left.receive() == Close(4000)
    gone.abort()
    await broadcast([closed, broken, open_], "x")
    assert await peer.receive() == "x"
    assert (closed.code, broken.code) == (4000, 1006)


async def test_before_accept() -> None:
    """It raises an exception; the other connections get the message."""
    (first, one), (second, two) = await a_member(), await a_member()
    early = Session(MemoryTransport())
    with pytest.raises(InvalidState, match="can't send while the connection is connecting"):
        await broadcast([first, early, second], "x")
    assert (await one.receive(), await two.receive()) == ("x", "x")


@pytest.mark.parametrize(("message", "error"), [(3, TypeError), ("\ud800", UnicodeEncodeError)])
async def test_what_cannot_be_sent(message: str, error: type[Exception]) -> None:
    session, peer = await a_member()
    with pytest.raises(error):
        await broadcast([session], message)
    await session.send("first")
    assert await peer.receive() == "first"


async def test_in_order() -> None:
    sessions, peers = await members(MANY)
    for message in ("a", "b", "c"):
        await broadcast(sessions, message)
    for peer in peers:
        assert [await peer.receive() for _ in range(3)] == ["a", "b", "c"]


async def test_a_collection_that_changes() -> None:
    """A connection that leaves the collection meanwhile still gets the message, a new one doesn't."""
    (first, one), (second, two), (third, three) = await a_member(), await a_member(), await a_member()
    room = {first, second}

    class Changing(MemoryTransport):
        async def send(self, event: WebSocketEvent) -> None:
            room.discard(second)
            room.add(third)

    changing = Session(Changing())
    await changing.accept()
    room.add(changing)
    await broadcast(room, "x")
    assert (await one.receive(), await two.receive()) == ("x", "x")
    await third.send("nothing before")
    assert await three.receive() == "nothing before"


async def test_others_have_their_turn() -> None:
    """Other tasks run while a message goes to many connections."""
    sessions, _ = await members(8 * MANY)
    turns = 0

    async def counting() -> None:
        nonlocal turns
        while True:
            await checkpoint()
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(counting)
        await checkpoint()
        await broadcast(sessions, "x")
        tasks.cancel_scope.cancel()
    assert turns >= 5


@dataclass
class Said:
    text: str


class Counting:
    """A format that counts how often it encodes."""

    def __init__(self) -> None:
        self.count = 0

    def decoder(self, of: object) -> Decode:
        return lambda message: Said(str(message))

    def encoder(self, of: object) -> Encode:
        def encode(value: object) -> str:
            self.count += 1
            return f"{cast('Said', value).text} {self.count}"

        return encode

    def media_type(self, of: object) -> str:
        return "text/plain"


class Recording(MemoryTransport):
    """Records the exact objects that it sends."""

    sent: list[object]

    async def send(self, event: WebSocketEvent) -> None:
        self.sent.append(event.get("text"))


async def test_encoded_once_for_each_route() -> None:
    codec, sent = Counting(), list[object]()
    kinds = [maker(Connection[Said, Said], codec, ()) for _ in range(2)]
    connections = list[Connection[Said, Said]]()
    for make in kinds * 10:
        transport = Recording()
        transport.sent = sent
        request = WebSocketRequest(Session(transport))
        # The annotation is only known at run time.
        connections.append(cast("Connection[Said, Said]", make(request)))
        await connections[-1].accept()
    await broadcast(connections, Said("x"))
    assert codec.count == 2
    assert sent == ["x 1", "x 2"] * 10
    assert len({id(each) for each in sent}) == 2
