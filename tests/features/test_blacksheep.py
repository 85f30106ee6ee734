"""BlackSheep's features: https://www.neoteroi.dev/blacksheep/websocket/ (see feature.py)."""

import asyncio
import inspect
import json
from contextlib import AsyncExitStack
from urllib.request import urlopen

import pytest
from examples import chat_room, echo

from anysocket import (
    Application,
    Capabilities,
    Connection,
    ConnectionClosed,
    Json,
    JsonValue,
    Support,
    Unsupported,
    WebSocket,
    WebSocketRequest,
)
from tests.features.conftest import Connect, Serve, on_sockets
from tests.features.feature import feature
from tests.features.watched import Watched

pytestmark = pytest.mark.anyio


@feature(
    "BS1", "uvicorn, hypercorn, granian", api="any server that has an adapter; `anysocket serve --server`"
)
@on_sockets
async def test_servers(server: str, connect: Connect) -> None:
    async with connect(echo.app, "/text") as peer:
        await peer.send(server)
        assert await peer.receive() == server


@feature("BS2", "a route decorator whose path is required", api="`@app.websocket(path)`")
@feature("BS4", "route parameters, as in HTTP", api="`/ws/{client_id}`, the handler's `client_id: str`")
async def test_a_route(connect: Connect) -> None:
    app = Application()

    @app.websocket("/ws/{client_id}")
    async def ws_handler(ws: Connection[str, str], client_id: str) -> None:
        await ws.send(client_id)

    async with connect(app, "/ws/caf%C3%A9") as peer:
        assert await peer.receive() == "café"
    assert inspect.signature(Application.websocket).parameters["path"].default is inspect.Parameter.empty


@feature("BS3", "the same without a decorator, on the router", api="`app.websocket(path)(handler)`")
async def test_a_route_without_a_decorator(connect: Connect) -> None:
    async def ws_handler(ws: Connection[str, str], client_id: str) -> None:
        await ws.send(client_id)

    app = Application()
    app.websocket("/ws/{client_id}")(ws_handler)
    async with connect(app, "/ws/7") as peer:
        assert await peer.receive() == "7"


# As a separate program: type checkers refuse a function without annotations.
BY_NAME = """
@app.websocket("/name/{client_id}")
async def by_name(websocket, client_id):
    await websocket.accept()
    await websocket.send(client_id)
"""


@feature(
    "BS5",
    "the socket is injected by name or by annotation",
    api="the handler's first parameter: by its annotation, or without one by its name, "
    "`websocket`, `web_socket`, `ws` or `request`",
)
@pytest.mark.parametrize("path", ["/name/7", "/annotation/7"])
async def test_the_socket_is_injected(connect: Connect, path: str) -> None:
    app = Application()
    exec(BY_NAME, {"app": app})

    @app.websocket("/annotation/{client_id}")
    async def by_annotation(anything: WebSocket, client_id: str) -> None:
        await anything.accept()
        await anything.send(client_id)

    async with connect(app, path) as peer:
        assert await peer.receive() == "7"


@feature(
    "BS6",
    "a handler without one fails with a clear error at registration, not at the first request",
    api="`TypeError` from `@app.websocket(path)`",
)
@pytest.mark.parametrize("parameters", ["", "client_id", "client_id: str", "client_id: str, ws: WebSocket"])
def test_a_handler_without_a_socket(parameters: str) -> None:
    program = f'@app.websocket("/ws/{{client_id}}")\nasync def handler({parameters}): ...'
    with pytest.raises(TypeError, match=r"the handler of route '/ws/\{client_id\}'.* no socket"):
        exec(program, {"app": Application(), "WebSocket": WebSocket})


@feature(
    "BS7",
    "accept with headers `[(b'x-custom-header', b'custom-value')]` and subprotocol, "
    "both seen in the handshake's response",
    api="`accept(subprotocol, headers)`; `Unsupported` where the server drops headers",
)
async def test_accept_with_headers_and_a_subprotocol(connect: Connect, capabilities: Capabilities) -> None:
    has_headers = capabilities.accept_headers is not Support.ABSENT
    app = Application()

    @app.websocket("/ws")
    async def ws_handler(websocket: WebSocket) -> None:
        try:
            await websocket.accept(
                headers=[(b"x-custom-header", b"custom-value")], subprotocol="custom-protocol"
            )
        except Unsupported:
            await websocket.accept(subprotocol="custom-protocol")
            await websocket.send("no headers here")

    async with connect(app, "/ws", subprotocols=["another", "custom-protocol"]) as peer:
        assert peer.subprotocol == "custom-protocol"
        assert peer.headers.get("x-custom-header") == ("custom-value" if has_headers else None)
        assert await peer.receive() == (None if has_headers else "no headers here")


@feature("BS8", "sending and receiving work as soon as accepted", api="`accept`, then `send` and `receive`")
async def test_at_once(connect: Connect) -> None:
    app = Application()

    @app.websocket("/ws")
    async def ws_handler(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send("first")
        await websocket.send(f"second, after {await websocket.receive()!r}")

    async with connect(app, "/ws") as peer:
        await peer.send("hello")
        assert [await peer.receive() for _ in range(2)] == ["first", "second, after 'hello'"]


@feature(
    "BS9",
    "three send/receive pairs: text, bytes, JSON",
    api="`send` and `receive` of `Connection[str, str]`, `[bytes, bytes]`, `[JsonValue, JsonValue]`",
)
@feature("BS11", "all send methods take one argument of data", api="`send(message)`")
async def test_three_pairs(serve: Serve) -> None:
    app = Application()

    @app.websocket("/text")
    async def text(ws: Connection[str, str]) -> None:
        await ws.send(await ws.receive() + "!")

    @app.websocket("/bytes")
    async def binary(ws: Connection[bytes, bytes]) -> None:
        await ws.send(await ws.receive() + b"!")

    @app.websocket("/json")
    async def structured(ws: Connection[JsonValue, JsonValue]) -> None:
        await ws.send([await ws.receive()])

    async with serve(app) as served:
        for path, message, answer in (
            ("/text", "Hello world", "Hello world!"),
            ("/bytes", b"Hello world", b"Hello world!"),
            ("/json", '{"msg": null}', '[{"msg":null}]'),
        ):
            async with served.connect(path) as peer:
                await peer.send(message)
                assert await peer.receive() == answer


@feature("BS10", "raw receive", api="`request.events.receive()`")
async def test_raw_receive(connect: Connect) -> None:
    app = Application()
    events = list[object]()

    @app.websocket("/ws")
    async def ws_handler(request: WebSocketRequest) -> None:
        events.append(await request.events.receive())
        await request.web_socket.accept()
        events.append(await request.events.receive())
        await request.web_socket.send("seen")
        events.append(await request.events.receive())

    watched = Watched(app)
    async with connect(watched, "/ws") as peer:
        await peer.send("hello")
        assert await peer.receive() == "seen"
        await peer.close(4001)
        assert await watched.ends.get() is None
    assert events[:2] == [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]
    assert events[2] == {"type": "websocket.disconnect", "code": 4001, "reason": ""}


@feature(
    "BS12",
    "JSON message mode TEXT (default) or BYTES",
    api="`@app.websocket(path, codec=Json(binary=True))`, for the route",
)
async def test_json_in_either_kind_of_frame(serve: Serve) -> None:
    app = Application()

    async def handler(ws: Connection[JsonValue, JsonValue]) -> None:
        async for message in ws:
            await ws.send(message)

    app.websocket("/text")(handler)
    app.websocket("/bytes", codec=Json(binary=True))(handler)
    async with serve(app) as served:
        async with served.connect("/text") as peer:
            await peer.send('{"msg":"Hello world!"}')
            assert await peer.receive() == '{"msg":"Hello world!"}'
        async with served.connect("/bytes") as peer:
            await peer.send(b'{"msg":"Hello world!"}')
            assert await peer.receive() == b'{"msg":"Hello world!"}'


@feature(
    "BS13",
    "echo loops (text, bytes, JSON) that run until disconnect or server shutdown",
    api="`async for message in ws`; a shutdown is 1001 ([examples/echo.py](../examples/echo.py))",
)
@pytest.mark.parametrize(
    ("path", "message"),
    [("/text", "Hello world!"), ("/bytes", b"Hello world"), ("/json", '{"msg":"Hello world!"}')],
)
@on_sockets
async def test_echo_loops(serve: Serve, path: str, message: str | bytes) -> None:
    watched = Watched(echo.app)
    async with AsyncExitStack() as stack:
        async with serve(watched) as served:
            async with served.connect(path) as peer:
                for _ in range(3):
                    await peer.send(message)
                    assert await peer.receive() == message
            assert await watched.ends.get() is None
            staying = await stack.enter_async_context(served.connect(path))
            await staying.send(message)
            assert await staying.receive() == message
        assert await staying.receive() is None
        assert staying.code == 1001
        assert await watched.ends.get() is None


@feature(
    "BS14",
    "a disconnect error and the example that catches it",
    api="`ConnectionClosed` from `Connection.receive` and from `send`, with `code` and `reason`",
)
async def test_a_disconnect_error(connect: Connect) -> None:
    app = Application()
    ends = asyncio.Queue[int]()

    @app.websocket("/ws")
    async def echo(ws: Connection[str, str]) -> None:
        try:
            while True:
                message = await ws.receive()
                await ws.send(message)
        except ConnectionClosed as closed:
            ends.put_nowait(closed.code)

    async with connect(app, "/ws") as peer:
        await peer.send("Hello world!")
        assert await peer.receive() == "Hello world!"
        await peer.close(4001)
        assert await ends.get() == 4001


@feature(
    "BS15",
    "a chat application with a browser page",
    api="`Application(http=page)` ([examples/chat_room.py](../examples/chat_room.py))",
)
@on_sockets
async def test_a_chat_with_a_page(serve: Serve, server: str) -> None:
    watched = Watched(chat_room.app)
    async with serve(watched) as served:
        page = await asyncio.to_thread(get, f"{served.url}/")
        assert b"new WebSocket" in page
        async with served.connect("/chat") as ada, served.connect("/chat") as bob:
            message = {"type": "message", "user": server, "text": "<b>hello</b>"}
            await ada.send(json.dumps(message))
            assert [json.loads(await each.receive() or "") for each in (ada, bob)] == [message, message]
    chat_room.history.clear()


def get(url: str) -> bytes:
    with urlopen(url.replace("ws", "http", 1), timeout=5) as response:
        body: bytes = response.read()
    return body
