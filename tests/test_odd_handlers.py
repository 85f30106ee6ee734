"""Odd handlers cost only themselves: exceptions that no server expects, and loops that ignore the end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
import pytest

from anysocket import (
    Application,
    Close,
    Connection,
    ConnectionClosed,
    InvalidState,
    WebSocketRequest,
)
from anysocket.adapter import TransportApp
from anysocket.asgi import Receive, Scope, Send
from anysocket.handshake import denial
from anysocket.testing import connect
from anysocket.testing.memory import Accepted, MemoryTransport
from anysocket_adapters import normalise
from tests.protocol.bench import Bench
from tests.protocol.client import close_frame
from tests.protocol.connections import HELLO, SETTINGS, Timed

pytestmark = pytest.mark.anyio

Act = Callable[[], Awaitable[object]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # trio lets nobody else raise its cancellations


async def cancels_a_job() -> None:
    job = asyncio.ensure_future(asyncio.sleep(60))
    await asyncio.sleep(0)
    job.cancel()
    await job


def raising(error: BaseException) -> Act:
    async def act() -> None:
        raise error

    return act


ODD: dict[str, Act] = {
    "a job of its own that it cancels": cancels_a_job,
    "GeneratorExit": raising(GeneratorExit()),
    "BaseException": raising(BaseException("odd")),
    "SystemExit": raising(SystemExit(3)),
    "a group with an exit": raising(BaseExceptionGroup("", [SystemExit(), ValueError()])),
    "a group with a cancellation": raising(BaseExceptionGroup("", [asyncio.CancelledError()])),
    "a closed connection beside a cancellation": raising(
        BaseExceptionGroup("", [ConnectionClosed(1000), asyncio.CancelledError()])
    ),
}


def application(act: Act, *, accepts: bool) -> Application:
    app = Application()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        if accepts:
            await request.web_socket.accept()
        await act()

    return app


def normalised(act: Act, *, accepts: bool) -> TransportApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if accepts:
            await send({"type": "websocket.accept"})
        await act()

    return normalise(app)


@pytest.mark.parametrize("make", [application, normalised])
@pytest.mark.parametrize("accepts", [True, False], ids=["accepted", "before accept"])
@pytest.mark.parametrize("act", ODD.values(), ids=ODD)
async def test_an_odd_exception_is_a_failure(
    caplog: pytest.LogCaptureFixture, act: Act, accepts: bool, make: Callable[..., TransportApp]
) -> None:
    transport = MemoryTransport()
    with pytest.raises(RuntimeError, match="the handler of / raised"):
        await make(act, accepts=accepts).handle(transport)
    if accepts:
        assert isinstance(await transport.peer.receive(), Accepted)
        assert await transport.peer.receive() == Close(1011)
    else:
        assert await transport.peer.receive() == denial(500, body="Internal Server Error")
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("anysocket", "the handler of / failed")


async def test_a_cancellation_from_outside_stays_one(caplog: pytest.LogCaptureFixture) -> None:
    app = application(anyio.sleep_forever, accepts=True)
    task = asyncio.ensure_future(app.handle(MemoryTransport()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not caplog.records


def test_a_coroutine_that_is_closed_waits_for_nothing(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    handled = application(anyio.sleep_forever, accepts=True).handle(MemoryTransport())
    task = loop.create_task(handled)
    loop.run_until_complete(asyncio.sleep(0.01))
    assert not task.done()
    handled.close()
    loop.close()
    assert not [each for each in caplog.records if each.name == "anysocket"]


async def test_a_test_sees_a_cancellation_that_its_handler_lets_escape() -> None:
    with pytest.raises(AssertionError, match="not skipped"):  # noqa: PT012
        async with connect(application(cancels_a_job, accepts=True)) as peer:
            assert await peer.receive() is None
            assert peer.code == 1011
            raise AssertionError("not skipped")


async def test_a_test_sees_a_cancellation_of_an_app_without_supervision() -> None:
    class App:
        async def handle(self, transport: object) -> None:
            await cancels_a_job()

    with pytest.raises(asyncio.CancelledError):
        async with connect(App()):
            pass


async def test_a_block_sees_a_cancellation_that_it_lets_escape() -> None:
    with pytest.raises(asyncio.CancelledError):
        async with connect(application(anyio.sleep_forever, accepts=True), deadline=0.05):
            await cancels_a_job()


@pytest.mark.parametrize("act", ODD.values(), ids=ODD)
@pytest.mark.parametrize("layer", ["anysocket", "asgi"])
def test_own_connections_log_it_once(caplog: pytest.LogCaptureFixture, act: Act, layer: str) -> None:
    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await act()

    async def supervised(scope: Scope, receive: Receive, send: Send) -> None:
        scope["path"] = "/"
        await application(act, accepts=True)(scope, receive, send)

    bench = Bench(plain if layer == "asgi" else supervised, SETTINGS, Timed)
    bench.request()
    bench.loop.turn(5)
    assert b"".join(bench.wire.written).endswith((1011).to_bytes(2))
    bench.peer_sends(close_frame(1011))
    bench.loop.turn(5)
    bench.close()
    records = [each for each in caplog.records if each.name.startswith("anysocket")]
    assert [each.levelno for each in records] == [logging.ERROR]


async def ignores(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    while True:
        await request.web_socket.receive()


async def sends_on(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    while True:
        with suppress(ConnectionClosed):
            await request.web_socket.send("tick")


async def ignores_typed(ws: Connection[str, str]) -> None:
    while True:
        with suppress(ConnectionClosed):
            await ws.receive()


async def iterates_again(ws: Connection[str, str]) -> None:
    while True:
        async for _ in ws:
            pass


async def ignores_events(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        await receive()


def route(handler: Callable[..., Awaitable[None]]) -> Application:
    app = Application()
    app.websocket("/")(handler)
    return app


@pytest.mark.parametrize(
    ("app", "error"),
    [
        (route(ignores), InvalidState),
        (route(sends_on), InvalidState),
        (route(ignores_typed), InvalidState),
        (route(iterates_again), InvalidState),
        (normalise(ignores_events), RuntimeError),
    ],
    ids=["native", "sends", "typed", "iterates", "events"],
)
async def test_a_loop_that_ignores_the_end_ends(app: TransportApp, error: type[Exception]) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.ensure_future(others())
    with pytest.raises(error, match="ignores it") as raised:  # noqa: PT012
        async with connect(app) as peer:
            await peer.close(4999)
            turns = 0
    assert "Leave the loop" in str(raised.value)
    assert turns >= 50  # while the loop turned, others did
    beside.cancel()


def test_own_connections_notice_the_end_behind_heart_beats() -> None:
    async def only_sends(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "text": "tick"})
            await asyncio.sleep(0.2)

    bench = Bench(only_sends, SETTINGS, Timed)
    bench.request()
    for _ in range(60):
        bench.peer_sends(HELLO)
    bench.peer_sends(close_frame(4999))
    bench.loop.advance(1)
    ended = all(task.done() for task in asyncio.all_tasks(bench.loop))
    bench.close()
    assert ended
