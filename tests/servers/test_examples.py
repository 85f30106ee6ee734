"""Every example, on every server."""

import asyncio
import json
import logging
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from urllib.request import urlopen

import anyio
import pytest
from examples import (
    chat,
    chat_room,
    denial,
    echo,
    events,
    guard,
    iteration,
    mounted,
    server_clock,
    server_sent_events,
    subprotocol,
    typed_messages,
)
from tests.servers.client import connect
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from anysocket import Application, Close, WebSocketRequest
from anysocket.adapter import Handshake
from anysocket.testing.memory import Accepted, MemoryTransport
from anysocket_adapters import running

pytestmark = pytest.mark.anyio

EXAMPLES = {
    module.__name__: module
    for module in (
        chat,
        chat_room,
        denial,
        echo,
        events,
        guard,
        iteration,
        mounted,
        server_clock,
        server_sent_events,
        subprotocol,
        typed_messages,
    )
}


def test_all_examples_are_tested() -> None:
    folder = Path(echo.__file__).parent
    assert sorted(EXAMPLES) == sorted(f"examples.{path.stem}" for path in folder.glob("*.py"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_tells_how_to_run_it(name: str) -> None:
    command = f"anysocket serve {name.removeprefix('examples.')}:app"
    assert command in (EXAMPLES[name].__doc__ or "")


@pytest.mark.parametrize("example", [echo.app, events.app], ids=["echo", "events"])
async def test_echo(server: str, example: Application) -> None:
    async with running(example, server) as url, connect(f"{url}/echo") as peer:
        for message in ("text", b"bytes", ""):
            await peer.send(message)
            assert await peer.recv() == message


@pytest.mark.parametrize(
    ("path", "message", "wrong"),
    [("/text", "text", b"bytes"), ("/bytes", b"bytes", "text"), ("/json", '{"a":[null]}', "no JSON")],
)
async def test_echo_of_one_type(server: str, path: str, message: str | bytes, wrong: str | bytes) -> None:
    async with running(echo.app, server) as url, connect(f"{url}{path}") as peer:
        await peer.send(message)
        assert await peer.recv() == message
        await peer.send(wrong)
        with pytest.raises(ConnectionClosedError):
            await peer.recv()


async def until(members: int, room: str) -> None:
    """Wait until a room has this many members; a handshake ends shortly before its handler goes on."""
    while len(chat.rooms.get(room, ())) != members:  # noqa: ASYNC110  # the example has no event for it
        await anyio.sleep(0.001)


async def test_chat(server: str) -> None:
    async with running(chat.app, server) as url:
        async with (
            connect(f"{url}/chat/a") as ada,
            connect(f"{url}/chat/a") as bob,
            connect(f"{url}/chat/b") as cyd,
        ):
            await until(2, "a")
            await until(1, "b")
            await ada.send("from ada")
            await bob.send(b"from bob")
            assert await bob.recv() == "from ada"
            assert await ada.recv() == b"from bob"
            await ada.send("the next that bob hears")
            assert await bob.recv() == "the next that bob hears"
            await cyd.send("nobody hears this")
        await until(0, "a")
        await until(0, "b")
    assert not chat.rooms


async def test_chat_goes_on_when_a_peer_vanishes(server: str, caplog: pytest.LogCaptureFixture) -> None:
    async with running(chat.app, server) as url:
        async with connect(f"{url}/chat/a") as ada, connect(f"{url}/chat/a") as bob:
            vanishing = await connect(f"{url}/chat/a")
            await until(3, "a")
            vanishing.transport.abort()
            for number in range(10):
                await ada.send(str(number))
                assert await bob.recv() == str(number)
            await until(2, "a")
        await until(0, "a")
    assert [record for record in caplog.records if record.name.startswith("anysocket")] == []


async def test_chat_when_a_peer_says_too_much(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A message to a peer that is being closed isn't a failure; in memory, where this is certain to occur."""
    monkeypatch.setattr(chat.app, "max_message_size", 10)
    ada, loud = (MemoryTransport(Handshake(path="/chat/a"), unread=unread) for unread in (16, 1))
    async with anyio.create_task_group() as tasks:
        for transport in (ada, loud):
            tasks.start_soon(chat.app.handle, transport)
            assert await transport.peer.receive() == Accepted(None, [])
        for number in range(5):
            await ada.peer.send(str(number))
        await anyio.wait_all_tasks_blocked()
        await loud.peer.send("x" * 11)
        await anyio.wait_all_tasks_blocked()
        assert await loud.peer.receive() == "0"
        await anyio.wait_all_tasks_blocked()
        while isinstance(last := await loud.peer.receive(), str):
            pass
        assert last == Close(1009)
        await ada.peer.close()
    assert caplog.records == []


async def receive_all(peer: ClientConnection) -> None:
    async for _ in peer:
        pass


async def test_chat_lets_a_slow_peer_go(server: str) -> None:
    message = secrets.token_bytes(100_000)  # nothing to compress
    async with (
        running(chat.app, server) as url,
        connect(f"{url}/chat/a") as ada,
        connect(f"{url}/chat/a") as bob,
        connect(f"{url}/chat/a", max_queue=1) as slow,
    ):
        await until(3, "a")
        slow.transport.pause_reading()
        while len(chat.rooms["a"]) == 3:
            await ada.send(message)
            assert await bob.recv() == message
        slow.transport.resume_reading()
        with pytest.raises(ConnectionClosedError) as closed:
            await receive_all(slow)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "too slow")


@pytest.mark.parametrize("key", ["", "?key=wrong", "?key=", "?key=%E9"])
async def test_guard_denies(server: str, key: str) -> None:
    async with running(guard.app, server) as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{url}/private{key}")
    assert refused.value.response.status_code == 401
    assert refused.value.response.body == b"a key is needed"


async def test_guard_lets_in(server: str) -> None:
    async with running(guard.app, server) as url:
        async with connect(f"{url}/private?key={guard.KEY}") as peer:
            await peer.send("query")
            assert await peer.recv() == "query"
        async with connect(f"{url}/private", headers={"x-api-key": guard.KEY}) as peer:
            await peer.send("header")
            assert await peer.recv() == "header"


@pytest.mark.parametrize(
    ("offered", "chosen", "message", "answer"),
    [
        (["sum.text", "sum.json"], "sum.text", "1 2 3", "6"),
        (["other", "sum.json"], "sum.json", "[1, 2, 3]", json.dumps({"sum": 6})),
    ],
)
async def test_subprotocol(server: str, offered: list[str], chosen: str, message: str, answer: str) -> None:
    async with (
        running(subprotocol.app, server) as url,
        connect(f"{url}/sum", subprotocols=offered) as peer,
    ):
        assert peer.subprotocol == chosen
        await peer.send(message)
        assert await peer.recv() == answer
        await peer.send('["a"]')
        with pytest.raises(ConnectionClosedError) as closed:
            await peer.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1007, "not numbers")


@pytest.mark.parametrize("offered", [[], ["other"]])
async def test_no_common_subprotocol(server: str, offered: list[str]) -> None:
    async with running(subprotocol.app, server) as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{url}/sum", subprotocols=offered)
    assert refused.value.response.status_code == 400
    assert refused.value.response.body == b"offer one of sum.json, sum.text"


async def test_chat_room(server: str) -> None:
    message = {"type": "message", "user": "ada", "text": "hello"}
    async with running(chat_room.app, server) as url:
        assert await asyncio.to_thread(get, f"{url}/") == chat_room.PAGE
        async with connect(f"{url}/chat") as ada, connect(f"{url}/chat") as bob:
            await ada.send(json.dumps(message))
            assert json.loads(await bob.recv()) == json.loads(await ada.recv()) == message
    assert not chat_room.clients
    assert [said.text for said in chat_room.history] == ["hello"]
    chat_room.history.clear()


async def test_chat_room_when_a_peer_vanishes(caplog: pytest.LogCaptureFixture) -> None:
    """The peer vanishes while a message is sent to it; in memory, where this is certain to occur."""
    message = json.dumps({"type": "message", "user": "ada", "text": "hello"}, separators=(",", ":"))
    ada, vanishing = (MemoryTransport(Handshake(path="/chat"), unread=unread) for unread in (16, 1))
    async with anyio.create_task_group() as tasks:
        for transport in (ada, vanishing):
            tasks.start_soon(chat_room.app.handle, transport)
            assert await transport.peer.receive() == Accepted(None, [])
        for _ in range(5):
            await ada.peer.send(message)
        await anyio.wait_all_tasks_blocked()
        vanishing.peer.abort()
        assert [await ada.peer.receive() for _ in range(5)] == [message] * 5
        await ada.peer.close()
    chat_room.history.clear()
    assert not chat_room.clients
    assert caplog.records == []


def get(url: str) -> bytes:
    with urlopen(url.replace("ws", "http", 1), timeout=5) as response:
        body: bytes = response.read()
    return body


async def test_mounted(server: str) -> None:
    async with running(mounted.app, server) as url:
        assert await asyncio.to_thread(get, f"{url}/") == mounted.PAGE
        async with connect(f"{url}/shout") as peer:
            await peer.send("hello")
            assert await peer.recv() == "HELLO"


async def test_server_clock(server: str, caplog: pytest.LogCaptureFixture) -> None:
    ended = anyio.Event()
    app = Application()

    @app.websocket("/clock")
    async def noticed(request: WebSocketRequest) -> None:
        await server_clock.clock(request)
        ended.set()

    async with running(app, server) as url:
        async with connect(f"{url}/clock") as peer:
            for _ in range(2):
                time = datetime.fromisoformat(str(await peer.recv()))
                assert datetime.now(UTC) - time < timedelta(seconds=3)
        with anyio.fail_after(1):
            await ended.wait()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def listen(url: str, said: Event) -> list[bytes]:
    """Return the first two lines of a stream; a message for the second line is sent in between."""
    with urlopen(url.replace("ws", "http", 1), timeout=5) as stream:
        first: bytes = stream.readline() + stream.readline()
        said.set()
        second: bytes = stream.readline() + stream.readline()
    return [first, second]


async def test_server_sent_events(server: str) -> None:
    async with running(server_sent_events.app, server) as url, connect(f"{url}/say") as peer:
        listening = Event()
        heard = asyncio.create_task(asyncio.to_thread(listen, url, listening))
        await asyncio.to_thread(listening.wait, 5)
        await peer.send("hello")
        assert await heard == [b": welcome\n\n", b"data: hello\n\n"]


async def test_iteration(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with running(iteration.app, server) as url:
        async with connect(url) as peer:
            for message in ("hello", ""):
                await peer.send(message)
                assert await peer.recv() == f"Message text was: {message}"
            await peer.close(4001)
        async with connect(url) as peer:
            await peer.send(b"hello")
            with pytest.raises(ConnectionClosedError) as closed:
                await peer.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1003
    assert capsys.readouterr().out.splitlines()[-1] == "closed with 4001"


async def test_denial(server: str) -> None:
    async with running(denial.app, server) as url:
        async with connect(url) as ada, connect(url) as bob:
            for peer in (ada, bob):
                await peer.send("hello")
                assert await peer.recv() == "2 of 2 hear you say hello"
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["retry-after"] == "60"
            assert refused.value.response.body == b"every seat is taken"
        while denial.seated:  # noqa: ASYNC110  # the example has no event for it
            await anyio.sleep(0.001)
        async with connect(url) as peer:
            await peer.send("hello")
            assert await peer.recv() == "1 of 2 hear you say hello"


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ('{"type": "add", "numbers": [1, 2.5]}', {"type": "result", "value": 3.5}),
        ('{"type": "divide", "dividend": 1, "divisor": 2}', {"type": "result", "value": 0.5}),
        (
            '{"type": "divide", "dividend": 1, "divisor": 0}',
            {"type": "mistake", "reason": "nothing can be divided by 0"},
        ),
        (
            '{"type": "add", "numbers": ["1"]}',
            {"type": "mistake", "reason": "Expected `float`, got `str` - at `$.numbers[0]`"},
        ),
        (b"{}", {"type": "mistake", "reason": "JSON in text frames only"}),
    ],
)
async def test_typed_messages(server: str, message: str | bytes, answer: object) -> None:
    async with running(typed_messages.app, server) as url, connect(f"{url}/calculate") as peer:
        await peer.send(message)
        assert json.loads(await peer.recv()) == answer
