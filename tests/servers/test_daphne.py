"""daphne's own: one reactor in a process, and a handshake that it would read twice."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from http.client import HTTPConnection
from pathlib import Path

import anyio
import pytest
from tests.servers.client import connect
from tests.servers.serving import Serving

from anysocket import Application, WebSocketRequest
from anysocket_adapters import ServerFailed, running
from anysocket_matrix.peer.peer import Peer


@asynccontextmanager
async def greeting() -> AsyncGenerator[dict[str, object], None]:
    """Give a state, which daphne can't pass on: it has no lifespan."""
    yield {"greeting": "hello"}


app = Application(lifespan=greeting)
gates: list[anyio.Event] = []
counts: list[int] = []


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    """Greet, and send everything back."""
    ws = request.web_socket
    await ws.accept()
    await ws.send(str(request.state["greeting"]))
    while (message := await ws.receive()) is not None:
        await ws.send(message)


@app.websocket("/late")
async def late(request: WebSocketRequest) -> None:
    """Answer the handshake when the gate is open, and count the messages until the end."""
    await gates[-1].wait()
    await request.web_socket.accept()
    count = 0
    while await request.web_socket.receive() is not None:
        count += 1
    counts.append(count)


@app.websocket("/busy")
async def busy(request: WebSocketRequest) -> None:
    """Stay until the gate is open."""
    await request.web_socket.accept()
    await gates[-1].wait()


@pytest.fixture
def gate() -> anyio.Event:
    gates.append(anyio.Event())
    counts.clear()
    return gates[-1]


async def greets(url: str) -> None:
    async with connect(f"{url}/echo") as peer:
        assert await peer.recv() == "hello"


@pytest.mark.anyio
async def test_two_servers_in_one_event_loop() -> None:
    async with running(app, "daphne") as one:
        async with running(app, "daphne") as two:
            await greets(one)
            await greets(two)
        await greets(one)


def test_one_event_loop_after_another() -> None:
    async def once() -> None:
        async with running(app, "daphne") as url:
            await greets(url)

    for _ in range(3):
        asyncio.run(once())


@pytest.mark.anyio
async def test_two_event_loops_at_once() -> None:
    async def elsewhere() -> None:
        async with running(app, "daphne"):
            pass

    async with running(app, "daphne") as url:
        with pytest.raises(ServerFailed, match="at work in another event loop"):
            await asyncio.to_thread(asyncio.run, elsewhere())
        await greets(url)


@pytest.mark.anyio
async def test_nothing_is_left_in_the_event_loop(gate: anyio.Event) -> None:
    before = asyncio.all_tasks()
    async with running(app, "daphne") as url:
        await greets(url)
        host, port = url.removeprefix("ws://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        peer = await asyncio.to_thread(Peer.connect, f"{url}/busy")
    assert await asyncio.wait_for(reader.read(), 1) == b""
    writer.close()
    peer.hang_up()
    assert asyncio.all_tasks() == before


@pytest.mark.anyio
async def test_a_peer_that_does_not_wait_for_its_handshake(gate: anyio.Event) -> None:
    """It can fill no memory, and what it sends is kept, even what looks like another handshake."""
    much = 64 * 1024 * 1024
    async with running(app, "daphne") as url:
        with await asyncio.to_thread(Peer.connect, f"{url}/late", answer=False) as peer:
            peer.send_raw(b"\x81\x84\0\0\0\0\r\n\r\n")  # a text of two empty lines, masked with nothing
            sent = await asyncio.to_thread(peer.send_until_full, 65536, much)
            assert sent < much
            peer.half_close()
            gate.set()
            while not counts:  # noqa: ASYNC110  # the handler has no event for it
                await anyio.sleep(0.01)
            assert counts == [1 + sent // 65536]


def test_a_failure_that_it_cannot_answer_does_not_keep_it_from_later_ones(tmp_path: Path) -> None:
    """daphne looks for failures once a second, and an error while it looks would end that for all."""
    with Serving(
        tmp_path / "log", "tests.servers.apps:failing", "--server", "daphne", "--port", "0"
    ) as serving:
        host, port = serving.url.removeprefix("ws://").split(":")
        with closing(HTTPConnection(host, int(port), timeout=10)) as http:
            http.request("GET", "/")
            assert http.getresponse().read(4) == b"half"
            serving.says("not there")
            with Peer.connect(serving.url) as peer:
                peer.expect_close_frame(deadline=10)
        serving.says("daphne can't answer a failure")
