"""A server that works only while it is asked to receive is always asked (contract C6, L3 and M2)."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from weakref import ReferenceType, ref

import pytest

from anysocket.asgi import WebSocketEvent
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE
from anysocket_adapters.reading import Reader

pytestmark = pytest.mark.anyio

END: WebSocketEvent = {"type": "websocket.disconnect", "code": 4001}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Server:
    """Returns futures, as granian does, and counts the calls of receive."""

    def __init__(self) -> None:
        self.asked = 0
        self._waiting = deque[asyncio.Future[WebSocketEvent]]()

    def receive(self) -> Awaitable[WebSocketEvent]:
        self.asked += 1
        pending = asyncio.get_running_loop().create_future()
        self._waiting.append(pending)
        return pending

    async def give(self, *events: WebSocketEvent) -> None:
        for event in events:
            self._waiting.popleft().set_result(event)
            await asyncio.sleep(0)  # it arrives
            await asyncio.sleep(0)  # the next one is requested


def text(text: str) -> WebSocketEvent:
    return {"type": "websocket.receive", "text": text}


def result(pending: asyncio.Future[WebSocketEvent]) -> WebSocketEvent:
    return pending.result()


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def reader(server: Server) -> Reader[WebSocketEvent]:
    return Reader(server.receive, result)


async def test_what_came_before_it_was_asked_for(server: Server, reader: Reader[WebSocketEvent]) -> None:
    await server.give(text("1"), text("2"), END)
    assert reader.end == END
    assert [await reader.receive() for _ in range(4)] == [text("1"), text("2"), END, END]


async def test_what_comes_when_it_is_waited_for(server: Server, reader: Reader[WebSocketEvent]) -> None:
    waiting = asyncio.ensure_future(reader.receive())
    await asyncio.sleep(0)
    await server.give(text("1"))
    assert await waiting == text("1")


async def test_a_receive_that_is_cancelled_loses_nothing(
    server: Server, reader: Reader[WebSocketEvent]
) -> None:
    waiting = asyncio.ensure_future(reader.receive())
    await asyncio.sleep(0)
    waiting.cancel()
    await server.give(text("1"))
    assert await reader.receive() == text("1")


@pytest.mark.parametrize(("message", "fit"), [("x", MAX_UNREAD), ("x" * (MAX_UNREAD_SIZE // 4), 4)])
async def test_unread_messages_are_bounded(
    server: Server, reader: Reader[WebSocketEvent], message: str, fit: int
) -> None:
    await server.give(*[text(message)] * fit)
    assert server.asked == fit  # and no more, so the peer has to wait
    await reader.receive()
    assert server.asked == fit + 1


async def test_nothing_is_asked_after_the_end(server: Server, reader: Reader[WebSocketEvent]) -> None:
    await server.give(END)
    await reader.receive()
    assert server.asked == 1


async def test_a_handler_that_is_woken_has_its_turn_first(
    server: Server, reader: Reader[WebSocketEvent]
) -> None:
    async def asked_by_then() -> int:
        await reader.receive()
        return server.asked

    handler = asyncio.ensure_future(asked_by_then())
    await asyncio.sleep(0)
    await server.give(text("1"))
    assert await handler == 1  # its answer is sent before any data behind the message is read
    assert server.asked == 2


async def test_the_server_is_told_of_the_end_before_the_handler(server: Server) -> None:
    calls: list[str] = []
    reader = Reader(server.receive, result, lambda: calls.append("server"))
    handler = asyncio.ensure_future(reader.receive())
    handler.add_done_callback(lambda _: calls.append("handler"))
    await asyncio.sleep(0)
    await server.give(END)
    assert await handler == END
    await asyncio.sleep(0)
    assert calls == ["server", "handler"]


async def test_who_closes_reads_no_more(server: Server, reader: Reader[WebSocketEvent]) -> None:
    waiting = asyncio.ensure_future(reader.receive())
    await asyncio.sleep(0)
    reader.stop()
    reader.finish({"type": "websocket.disconnect"})
    reader.finish(END)
    assert await waiting == {"type": "websocket.disconnect"}


async def test_who_closes_at_once_asks_for_nothing(server: Server) -> None:
    Reader(server.receive, result).stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert server.asked == 0


async def test_who_closes_may_go_on_with_what_was_asked_for(
    server: Server, reader: Reader[WebSocketEvent]
) -> None:
    await asyncio.sleep(0)
    pending = reader.leave()
    assert pending is not None
    await server.give(END)
    assert await pending == END
    assert reader.end is None
    assert reader.leave() is None
    assert server.asked == 1


@pytest.mark.parametrize("how", ["end", "stop", "full"])
async def test_nothing_is_kept_of_what_has_arrived(how: str) -> None:
    """A future may keep its callback for ever, and the reader with it."""
    futures = list[ReferenceType[asyncio.Future[WebSocketEvent]]]()

    def receive() -> Awaitable[WebSocketEvent]:
        pending: asyncio.Future[WebSocketEvent] = asyncio.get_running_loop().create_future()
        futures.append(ref(pending))
        return pending

    reader = Reader(receive, result)
    await asyncio.sleep(0)  # it is requested
    if how == "stop":
        reader.stop()
    elif (pending := futures[0]()) is not None:
        pending.set_result(END if how == "end" else text("x" * MAX_UNREAD_SIZE))
        del pending
    await asyncio.sleep(0)
    assert [future() for future in futures] == [None]
