"""bareASGI's features: https://bareasgi.readthedocs.io (see feature.py)."""

from asyncio import Queue
from typing import IO, assert_type
from urllib.request import urlopen

import anyio
import pytest
from anyio.to_thread import run_sync
from examples import server_sent_events

from anysocket import (
    Application,
    Capabilities,
    Connection,
    InvalidState,
    Support,
    Unsupported,
    WebSocket,
    WebSocketRequest,
)
from anysocket_matrix.peer.peer import Mismatch
from anysocket_matrix.peer.peer import Peer as MatrixPeer
from tests.features.conftest import Connect, Serve, on_sockets
from tests.features.feature import feature

pytestmark = pytest.mark.anyio


@feature(
    "BA1",
    "a handler is `async def h(request: WebSocketRequest) -> None`; the socket is `request.web_socket`",
    api="`Application.websocket`, `WebSocketRequest.web_socket`",
)
async def test_a_handler_takes_the_request(connect: Connect) -> None:
    app = Application()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        assert_type(request.web_socket, WebSocket)
        await request.web_socket.accept()
        await request.web_socket.send(request.path)

    async with connect(app) as peer:
        assert await peer.receive() == "/"


@feature("BA2", "`accept(subprotocol=None, headers=None)`", api="`WebSocket.accept`")
async def test_accept_takes_a_subprotocol_and_headers(connect: Connect, capabilities: Capabilities) -> None:
    app = Application()
    lacks: list[str] = []

    @app.websocket("/plain")
    async def plain(request: WebSocketRequest) -> None:
        await request.web_socket.accept()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        ws = request.web_socket
        try:
            await ws.accept("chat.v2", [("x-custom-header", "custom value")])
        except Unsupported as lack:
            lacks.append(str(lack))
            await ws.accept("chat.v2")

    async with connect(app, "/plain", subprotocols=["chat.v2"]) as peer:
        assert peer.subprotocol is None
    async with connect(app, subprotocols=["chat.v1", "chat.v2"]) as peer:
        assert peer.subprotocol == "chat.v2"
        if capabilities.accept_headers is Support.ABSENT:
            assert "x-custom-header" not in peer.headers
            assert len(lacks) == 1
            assert "headers" in lacks[0]
        else:
            assert peer.headers["x-custom-header"] == "custom value"
            assert lacks == []


@feature(
    "BA3",
    "accept before any other action; anything else first is a clear error",
    api="`InvalidState`, the [states](states.md)",
)
async def test_accept_comes_first(connect: Connect) -> None:
    app = Application()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        ws = request.web_socket
        with pytest.raises(
            InvalidState, match="can't send while the connection is connecting: possible now: accept"
        ):
            await ws.send("too early")
        with pytest.raises(InvalidState, match=r"can't receive while .* possible now: accept"):
            await ws.receive()
        await ws.accept()
        with pytest.raises(InvalidState, match="can't accept while the connection is open"):
            await ws.accept()
        await ws.send("now")

    async with connect(app) as peer:
        assert await peer.receive() == "now"


@feature("BA4", "`receive()` gives `bytes` or `str`", api="`WebSocket.receive`")
@feature("BA6", "`send(str | bytes)` picks the frame type", api="`WebSocket.send`")
async def test_messages_are_str_or_bytes(connect: Connect) -> None:
    app = Application()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        ws = request.web_socket
        await ws.accept()
        while (message := await ws.receive()) is not None:
            await ws.send(message)

    async with connect(app) as peer:
        for message in ("text", b"bytes", "", b""):
            await peer.send(message)
            assert await peer.receive() == message


@feature("BA5", "`receive()` gives `None` on disconnect, no exception", api="`WebSocket.receive`")
@pytest.mark.parametrize("vanishes", [False, True], ids=["closes", "vanishes"])
async def test_the_end_is_none(connect: Connect, *, vanishes: bool) -> None:
    app = Application()
    seen = Queue[object]()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        ws = request.web_socket
        await ws.accept()
        for _ in range(3):
            seen.put_nowait(await ws.receive())

    async with connect(app) as peer:
        await peer.send("last words")
        assert await seen.get() == "last words"
        if vanishes:
            peer.abort()
        else:
            await peer.close()
        assert [await seen.get() for _ in range(2)] == [None, None]


@feature("BA7", "`close(code=1000)`", api="`WebSocket.close`")
async def test_close_takes_a_code(connect: Connect) -> None:
    app = Application()

    @app.websocket("/plain")
    async def plain(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await request.web_socket.close()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await request.web_socket.close(4001)

    for path, code in {"/plain": 1000, "/": 4001}.items():
        async with connect(app, path) as peer:
            assert await peer.receive() is None
            assert peer.code == code


@feature("BA8", "`code: int | None`, None until closed", api="`WebSocket.code`")
async def test_the_code_is_none_until_closed(connect: Connect) -> None:
    app = Application()
    codes = Queue[int | None]()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        ws = request.web_socket
        assert_type(ws.code, int | None)
        codes.put_nowait(ws.code)
        await ws.accept()
        codes.put_nowait(ws.code)
        await ws.receive()
        codes.put_nowait(ws.code)

    async with connect(app) as peer:
        assert [await codes.get() for _ in range(2)] == [None, None]
        await peer.close(4001)
        assert await codes.get() == 4001


@feature(
    "BA9",
    "the echo example: `'You said: ' + text`, break on None, `except Exception`, then `close()`, "
    "harmless after the peer has left",
    api="`WebSocket`",
)
async def test_its_example(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    app = Application()
    over = Queue[int | None]()

    @app.websocket("/")
    async def watched(request: WebSocketRequest) -> None:
        await websocket_handler(request)
        over.put_nowait(request.web_socket.code)

    async with connect(app) as peer:
        await peer.send("hello")
        assert await peer.receive() == "You said: hello"
        await peer.close(4001)
        assert await over.get() == 4001
    assert MISTAKE not in capsys.readouterr().out

    async with connect(app) as peer:
        await peer.send(b"hello")
        assert await peer.receive() is None
        assert peer.code == 1000
    assert MISTAKE in capsys.readouterr().out


MISTAKE = 'can only concatenate str (not "bytes") to str'


async def websocket_handler(request: WebSocketRequest) -> None:
    """The websocket callback handler"""
    await request.web_socket.accept()

    try:
        while True:
            text = await request.web_socket.receive()
            if text is None:
                break
            # The line as in the documentation. Checkers reject it for bytes; they accept that of BA10.
            await request.web_socket.send("You said: " + text)  # type: ignore[operator]  # ty: ignore[unsupported-operator]
    except Exception as error:
        print(error)

    await request.web_socket.close()


@feature("BA10", "a typed variant of the example", api="`Connection[str, str]`")
async def test_its_example_with_types(connect: Connect) -> None:
    app = Application()

    @app.websocket("/")
    async def echo(ws: Connection[str, str]) -> None:
        async for text in ws:
            assert_type(text, str)
            await ws.send("You said: " + text)

    async with connect(app) as peer:
        await peer.send("hello")
        assert await peer.receive() == "You said: hello"
        await peer.send(b"hello")
        assert await peer.receive() is None
        assert (peer.code, peer.reason) == (1003, "text only")


@feature(
    "BA11",
    "WebSocket over HTTP/2 (RFC 8441); clients that don't speak it fall back to a new HTTP/1.1 connection",
    api="`WebSocketRequest.http_version`; [where](contract.md#h2-accept): `over_http2`",
)
@on_sockets
async def test_http2(serve: Serve, capabilities: Capabilities) -> None:
    app = Application()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        ws = request.web_socket
        await ws.accept()
        while (message := await ws.receive()) is not None:
            await ws.send(f"{message!r} over HTTP/{request.http_version}")

    expected = "1.1" if capabilities.over_http2 is Support.ABSENT else "2"
    async with serve(app) as served:
        assert await run_sync(speak, served.url) == expected


def speak(url: str) -> str:
    """Open a connection as a browser does, and another one beside it over HTTP/1.1."""
    try:
        first = MatrixPeer.connect(url, http2=True)
    except Mismatch:
        first = MatrixPeer.connect(url)
    with first, MatrixPeer.connect(url) as second:
        for peer in (first, second):
            peer.expect_open()
            peer.send_text("hello")
            peer.expect_text(f"'hello' over HTTP/{peer.http_version}")
        assert second.http_version == "1.1"
        return first.http_version


@feature(
    "BA13",
    "server-sent events or streaming where one direction is enough",
    api="`Application(http=...)`; [when](applications.md#when-one-direction-is-enough)",
)
@on_sockets
async def test_server_sent_events_beside_a_websocket(serve: Serve) -> None:
    async with serve(server_sent_events.app) as served:
        url = f"http{served.url.removeprefix('ws')}"
        with await run_sync(lambda: urlopen(url, timeout=5)) as stream:
            assert stream.headers["content-type"] == "text/event-stream"
            assert await event(stream) == b": welcome\n"
            async with served.connect("/say") as peer:
                for said, heard in {"one": b"data: one\n", "two\nlines": b"data: two\ndata: lines\n"}.items():
                    await peer.send(said)
                    assert await event(stream) == heard
        while server_sent_events.listeners:  # noqa: ASYNC110  # the example has no event for it
            await anyio.sleep(0.001)


async def event(stream: IO[bytes]) -> bytes:
    """Return the lines of the next event, as soon as it arrives."""
    lines = b""
    while (line := await run_sync(stream.readline)) != b"\n":
        assert line, "the stream has ended"
        lines += line
    return lines
