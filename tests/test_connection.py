"""The five members with types."""

from collections.abc import Container
from typing import Annotated, cast

import anyio
import msgspec
import pytest

from anysocket import (
    ApplicationCode,
    BadMessage,
    Close,
    Connection,
    ConnectionClosed,
    InvalidState,
    JsonValue,
    MessagePack,
    WebSocketRequest,
)
from anysocket.adapter import Denial
from anysocket.close import EVERY_CODE
from anysocket.messages.codec import Codec
from anysocket.routing.sockets import maker
from anysocket.session.session import Session
from anysocket.supervision.handler import run
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


def connection(
    transport: MemoryTransport,
    kind: object = Connection[str, str],
    codec: Codec | None = None,
    expected_codes: Container[int] = EVERY_CODE,
) -> Connection[object, object]:
    session = Session(transport, close_timeout=1)
    made = maker(kind, codec, expected_codes)(WebSocketRequest(session))
    # Only known as values here, the types are those of its messages.
    return cast("Connection[object, object]", made)


@pytest.fixture
async def ws(transport: MemoryTransport, peer: MemoryPeer) -> Connection[object, object]:
    """A connection of text whose acceptance the peer has seen."""
    return await opened(transport)


async def opened(
    transport: MemoryTransport,
    kind: object = Connection[str, str],
    codec: Codec | None = None,
    expected_codes: Container[int] = EVERY_CODE,
) -> Connection[object, object]:
    ws = connection(transport, kind, codec, expected_codes)
    await ws.accept()
    assert await transport.peer.receive() == Accepted(None, [])
    return ws


async def test_before_accept(transport: MemoryTransport) -> None:
    ws = connection(transport)
    assert (ws.code, ws.request.connecting) == (None, True)
    with pytest.raises(InvalidState, match="can't receive"):
        await ws.receive()
    with pytest.raises(InvalidState, match="can't send"):
        await ws.send("x")
    await ws.accept(headers=[("x-a", "b")])
    assert await transport.peer.receive() == Accepted(None, [(b"x-a", b"b")])
    assert not ws.request.connecting


async def test_messages(ws: Connection[object, object], peer: MemoryPeer) -> None:
    await peer.send("a")
    assert await ws.receive() == "a"
    await ws.send("b")
    assert await peer.receive() == "b"


async def test_the_end_raises_every_time(ws: Connection[object, object], peer: MemoryPeer) -> None:
    await peer.send("a")
    await peer.close(4001, "bye")
    assert await ws.receive() == "a"
    for _ in range(2):
        with pytest.raises(ConnectionClosed) as caught:
            await ws.receive(timeout=1)
        assert (caught.value.code, caught.value.reason) == (4001, "bye")
    assert ws.code == 4001


async def test_null_is_a_message(transport: MemoryTransport) -> None:
    ws = await opened(transport, Connection[JsonValue, JsonValue])
    await transport.peer.send("null")
    await transport.peer.send("null")
    await transport.peer.close(1000)
    assert await ws.receive() is None
    assert [message async for message in ws] == [None]


async def test_a_timeout_loses_nothing(ws: Connection[object, object], peer: MemoryPeer) -> None:
    for text in ("a", "b"):
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.001)
        await peer.send(text)
        assert await ws.receive(timeout=1) == text
    assert ws.code is None


async def test_iteration_ends_quietly_whatever_the_code(
    ws: Connection[object, object], peer: MemoryPeer
) -> None:
    await peer.send("a")
    await peer.send("b")
    await peer.close(1011)
    assert [message async for message in ws] == ["a", "b"]
    assert [message async for message in ws] == []
    assert ws.code == 1011


async def test_iteration_goes_on_after_a_bad_message(
    ws: Connection[object, object], peer: MemoryPeer
) -> None:
    await peer.send(b"bytes")
    await peer.send("text")
    await peer.close(1000)
    with pytest.raises(BadMessage, match="text only"):
        await anext(ws)
    assert [message async for message in ws] == ["text"]


async def test_a_bad_message_received(ws: Connection[object, object], peer: MemoryPeer) -> None:
    await peer.send(b"bytes")
    with pytest.raises(BadMessage) as caught:
        await ws.receive()
    assert (caught.value.code, caught.value.message, ws.code) == (1003, b"bytes", None)
    assert str(caught.value) == "a message that can't be received: text only"


async def test_a_bad_message_handed(transport: MemoryTransport) -> None:
    positive = Annotated[int, msgspec.Meta(gt=0)]
    ws = await opened(transport, Connection[positive | BadMessage, int])
    for message in ("1", "0", b"1"):
        await transport.peer.send(message)
    await transport.peer.close(1000)
    assert await ws.receive() == 1
    codes = [message.code async for message in ws if isinstance(message, BadMessage)]
    assert codes == [1007, 1003]  # the bound holds here too


async def test_a_codec(transport: MemoryTransport) -> None:
    ws = await opened(transport, Connection[list[int], int], MessagePack())
    await transport.peer.send(b"\x91\x01")
    assert await ws.receive() == [1]
    await ws.send(7)
    assert await transport.peer.receive() == b"\x07"


@pytest.mark.parametrize("value", [object(), {"a": object()}, "\ud800", {"\ud800": 1}])
async def test_a_value_that_cannot_be_sent(transport: MemoryTransport, value: object) -> None:
    ws = await opened(transport, Connection[JsonValue, JsonValue])
    with pytest.raises((TypeError, UnicodeEncodeError)):
        await ws.send(value)
    await ws.send("still open")
    assert await transport.peer.receive() == '"still open"'


async def test_text_that_cannot_be_sent(ws: Connection[object, object], peer: MemoryPeer) -> None:
    for value in ("\ud800", 7):
        with pytest.raises((TypeError, UnicodeEncodeError)):
            await ws.send(value)
    await ws.send("still open")
    assert await peer.receive() == "still open"


async def test_close(ws: Connection[object, object], peer: MemoryPeer) -> None:
    await ws.close(ApplicationCode(4003), "no")
    assert await peer.receive() == Close(4003, "no")
    await ws.close()
    with pytest.raises(InvalidState, match="can't close again: the connection is closed with 4003"):
        await ws.close(once=True)
    with pytest.raises(ConnectionClosed):
        await ws.send("x")


async def test_close_once_is_for_the_peers_close_too(
    ws: Connection[object, object], peer: MemoryPeer
) -> None:
    await peer.close(1000)
    with pytest.raises(ConnectionClosed):
        await ws.receive()
    with pytest.raises(InvalidState):
        await ws.close(once=True)


async def test_close_once(ws: Connection[object, object], peer: MemoryPeer) -> None:
    await ws.close(once=True)
    assert await peer.receive() == Close(1000)


async def test_a_reason_that_is_too_long(ws: Connection[object, object], peer: MemoryPeer) -> None:
    with pytest.raises(ValueError, match="at most 123 bytes"):
        await ws.close(reason="x" * 124)
    assert ws.code is None


async def test_the_block_accepts_and_closes(transport: MemoryTransport) -> None:
    async with connection(transport) as ws:
        assert not ws.request.connecting
    assert [await transport.peer.receive() for _ in range(2)] == [Accepted(None, []), Close(1000)]


async def test_the_block_takes_an_open_connection(ws: Connection[object, object], peer: MemoryPeer) -> None:
    async with ws as same:
        assert same is ws
        await ws.close(1001)
    assert await peer.receive() == Close(1001)


async def test_the_block_of_a_connection_that_is_over(transport: MemoryTransport) -> None:
    ws = connection(transport)
    await ws.request.deny(401)
    async with ws:
        assert ws.code == 1006
    assert isinstance(await transport.peer.receive(), Denial)


async def test_the_block_leaves_other_exceptions_to_the_caller(
    ws: Connection[object, object], peer: MemoryPeer
) -> None:
    with pytest.raises(KeyError):
        async with ws:
            raise KeyError
    assert ws.code is None


@pytest.mark.parametrize(
    ("expected_codes", "quiet"), [(EVERY_CODE, True), ((1001,), True), ((1000,), False), ((), False)]
)
@pytest.mark.parametrize("grouped", [False, True])
async def test_silenced_codes(
    transport: MemoryTransport, expected_codes: Container[int], quiet: bool, grouped: bool
) -> None:
    ws = await opened(transport, Connection[str, str], None, expected_codes)
    await transport.peer.close(1001)
    error: Exception | None = None
    try:
        async with ws:
            if grouped:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(ws.receive)
            else:
                await ws.receive()
    except Exception as caught:
        error = caught
    assert (error is None) is quiet


async def test_the_end_of_another_connection_is_not_silenced(ws: Connection[object, object]) -> None:
    with pytest.raises(ConnectionClosed):
        async with ws:
            raise ConnectionClosed(1001)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(
    ("kind", "message", "close"),
    [
        (Connection[str, str], b"x", Close(1003, "text only")),
        (Connection[int, str], "[" * 100_000, None),
        (Connection[int, str], '"x"', Close(1007, "Expected `int`, got `str`")),
    ],
)
async def test_a_bad_message_that_escapes_closes(
    transport: MemoryTransport, kind: object, message: str | bytes, close: Close | None, grouped: bool
) -> None:
    ws = connection(transport, kind)

    async def handler() -> None:
        await ws.accept()
        async with anyio.create_task_group() as tasks:
            if grouped:
                tasks.start_soon(ws.receive)
            else:
                await ws.receive()

    await transport.peer.send(message)
    session = ws.request.web_socket
    assert isinstance(session, Session)
    await run(handler, session)
    assert await transport.peer.receive() == Accepted(None, [])
    last = await transport.peer.receive()
    assert isinstance(last, Close)
    assert last == (close or Close(1007, last.reason))
