"""Starlette's features: https://www.starlette.io/websockets/ (see feature.py)."""

import inspect
from asyncio import Queue
from collections.abc import Mapping, MutableMapping
from typing import Never, assert_type

import pytest

from anysocket import (
    URL,
    Application,
    Capabilities,
    Connection,
    ConnectionClosed,
    Json,
    JsonValue,
    Support,
    Unsupported,
    WebSocketRequest,
    from_asgi,
)
from anysocket.asgi import Receive, Scope, Send
from tests.features.conftest import SERVERS, Connect, Denied, on_sockets
from tests.features.feature import feature

pytestmark = pytest.mark.anyio

a_bare_app = pytest.mark.filterwarnings(
    "ignore:The 'warn' method:DeprecationWarning"  # granian reports with it that it has no lifespan
)

VALUES: tuple[JsonValue, ...] = ({"user": "ada", "text": "café"}, [1, 2.5, True, None], "text", 0, None)


@feature(
    "ST1",
    "`WebSocket(scope, receive, send)` inside a raw ASGI app, without any routing",
    api="`from_asgi(scope, receive, send, Connection[str, str])`",
)
@feature("ST2", "`accept`, `send_text`, `close`", api="`Connection.accept`, `.send`, `.close`")
@a_bare_app
async def test_a_raw_asgi_app(connect: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async with from_asgi(scope, receive, send, Connection[str, str]) as ws:
            await ws.accept()
            await ws.send("Hello, world!")
            await ws.close()

    assert lines_of(app) <= 5
    async with connect(app) as peer:
        assert await peer.receive() == "Hello, world!"
        assert await peer.receive() is None
        assert peer.code == 1000


def test_from_asgi_is_for_websockets() -> None:
    async def never(*_: object) -> Never:
        raise AssertionError

    with pytest.raises(ValueError, match="takes a scope of the type 'websocket', not 'lifespan'"):
        from_asgi({"type": "lifespan"}, never, never)


def lines_of(program: object) -> int:
    assert inspect.isfunction(program)
    return len(inspect.getsource(program).splitlines())


@feature("ST3", "mapping interface: the scope by key, `ws['path']`", api="`WebSocketRequest.scope`")
async def test_the_scope_by_key(connect: Connect) -> None:
    app = Application()
    seen = Queue[Mapping[str, object]]()

    @app.websocket("/caf\N{LATIN SMALL LETTER E WITH ACUTE}")
    async def handler(request: WebSocketRequest) -> None:
        seen.put_nowait(request.scope)
        await request.web_socket.accept()

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "of a middleware": "seen"}, receive, send)

    async with connect(middleware, "/caf%C3%A9?a=1"):
        scope = await seen.get()
    assert (scope["type"], scope["path"], scope["query_string"]) == ("websocket", "/café", b"a=1")
    assert scope["of a middleware"] == "seen"
    assert {"asgi", "scheme", "raw_path", "headers", "subprotocols", "client", "server"} <= set(scope)


@feature("ST4", "`url`, a subclass of `str`", api="`WebSocketRequest.url`")
@feature("ST5", "with `.path`, `.port`, `.scheme`", api="`URL.path`, `.port`, `.scheme`, `.host`, `.query`")
@on_sockets
async def test_url(connect: Connect) -> None:
    app = Application()
    seen = Queue[tuple[URL, str]]()

    @app.websocket("/rooms/{room}")
    async def handler(request: WebSocketRequest) -> None:
        seen.put_nowait((request.url, request.headers["host"]))
        await request.web_socket.accept()

    async with connect(app, "/rooms/a%20b?search=x%26y"):
        url, host = await seen.get()
    assert isinstance(url, str)
    assert url == f"ws://{host}/rooms/a%20b?search=x%26y"
    assert (url.scheme, url.path, url.query) == ("ws", "/rooms/a%20b", "search=x%26y")
    assert f"{url.host}:{url.port}" == host
    assert_type(url.port, int | None)


@feature("ST6", "headers: immutable, case-insensitive multi-dict", api="`WebSocketRequest.headers`")
async def test_headers(connect: Connect) -> None:
    app = Application()
    seen = Queue[WebSocketRequest]()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        seen.put_nowait(request)
        await request.web_socket.accept()

    async with connect(app, headers=[("X-Tag", "first"), ("x-tag", "second")]):
        headers = (await seen.get()).headers
    assert headers["Sec-WebSocket-Version"] == headers["sec-websocket-version"] == "13"
    assert headers["X-TAG"] == "first"
    assert headers.get_all("x-Tag") == ["first", "second"]
    assert [pair for pair in headers.pairs() if pair[0] == "x-tag"] == [
        ("x-tag", "first"),
        ("x-tag", "second"),
    ]
    assert "x-absent" not in headers
    assert isinstance(headers, Mapping)
    assert not isinstance(headers, MutableMapping)


@feature("ST7", "query parameters: immutable multi-dict", api="`WebSocketRequest.query`")
async def test_query_parameters(connect: Connect) -> None:
    app = Application()
    seen = Queue[WebSocketRequest]()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        seen.put_nowait(request)
        await request.web_socket.accept()

    async with connect(app, "/?search=caf%C3%A9+au+lait&search=tea&blank="):
        query = (await seen.get()).query
    assert query["search"] == "café au lait"
    assert query.get_all("search") == ["café au lait", "tea"]
    assert dict(query) == {"search": "café au lait", "blank": ""}
    assert isinstance(query, Mapping)
    assert not isinstance(query, MutableMapping)


@feature(
    "ST8",
    "path parameters: dict",
    api="`WebSocketRequest.path_params`; by type as parameters of the handler",
)
async def test_path_parameters(connect: Connect) -> None:
    app = Application()

    @app.websocket("/users/{username}/{number}")
    async def handler(ws: Connection[str, JsonValue], username: str, number: int) -> None:
        await ws.send(dict(ws.request.path_params))
        await ws.send([username, number])

    async with connect(app, "/users/ad%C3%A0/7") as peer:
        assert await peer.receive() == '{"username":"adà","number":"7"}'
        assert await peer.receive() == '["adà",7]'


@feature(
    "ST9",
    "`accept(subprotocol, headers)`",
    api="`Connection.accept`, with `auto_accept=False`",
)
async def test_accept_by_hand(connect: Connect, capabilities: Capabilities) -> None:
    app = Application()
    can = capabilities.accept_headers is not Support.ABSENT

    @app.websocket("/", auto_accept=False)
    async def handler(ws: Connection[str, str]) -> None:
        if can:
            await ws.accept(subprotocol="chat", headers=[(b"x-custom-header", b"custom value")])
        else:
            with pytest.raises(Unsupported):
                await ws.accept(headers=[(b"x-custom-header", b"custom value")])
            await ws.accept(subprotocol="chat")
        await ws.send("accepted")

    async with connect(app, subprotocols=["other", "chat"]) as peer:
        assert await peer.receive() == "accepted"
        assert peer.subprotocol == "chat"
        assert peer.headers.get("x-custom-header") == ("custom value" if can else None)


@feature("ST10", "send text, bytes, JSON", api="`Connection[..., str]`, `[..., bytes]`, `[..., JsonValue]`")
@feature(
    "ST12", "receive text, bytes, JSON", api="`Connection[str, ...]`, `[bytes, ...]`, `[JsonValue, ...]`"
)
async def test_text_bytes_json(connect: Connect) -> None:
    app = Application()

    @app.websocket("/text")
    async def text(ws: Connection[str, str]) -> None:
        await ws.send((await ws.receive()).upper())

    @app.websocket("/bytes")
    async def binary(ws: Connection[bytes, bytes]) -> None:
        await ws.send((await ws.receive()).upper())

    @app.websocket("/json")
    async def json(ws: Connection[JsonValue, JsonValue]) -> None:
        await ws.send([await ws.receive() for _ in VALUES])

    async with connect(app, "/text") as peer:
        await peer.send("text")
        assert await peer.receive() == "TEXT"
    async with connect(app, "/bytes") as peer:
        await peer.send(b"bytes")
        assert await peer.receive() == b"BYTES"
    encode = Json().encoder(JsonValue)
    async with connect(app, "/json") as peer:
        for value in VALUES:
            await peer.send(encode(value))
        assert await peer.receive() == encode(VALUES)


@feature(
    "ST11",
    "JSON as text by default, in binary frames on request",
    api="`Application.websocket(path, codec=Json(binary=True))`",
)
@feature("ST13", "JSON mode on receiving", api="`codec=Json(binary=True)`")
async def test_json_in_either_kind_of_frame(connect: Connect) -> None:
    app = Application()

    async def echo(ws: Connection[JsonValue, JsonValue]) -> None:
        async for message in ws:
            await ws.send(message)

    app.websocket("/text")(echo)
    app.websocket("/binary", codec=Json(binary=True))(echo)

    async with connect(app, "/text") as peer:
        await peer.send('{"in": "text"}')
        assert await peer.receive() == '{"in":"text"}'
        await peer.send(b"{}")
        assert await peer.receive() is None
        assert (peer.code, peer.reason) == (1003, "JSON in text frames only")
    async with connect(app, "/binary") as peer:
        await peer.send(b'{"in": "binary"}')
        assert await peer.receive() == b'{"in":"binary"}'
        await peer.send("{}")
        assert await peer.receive() is None
        assert (peer.code, peer.reason) == (1003, "JSON in binary frames only")


@feature(
    "ST14",
    "a disconnect exception on receiving",
    api="`ConnectionClosed`, with `code` and `reason`",
)
async def test_the_end_is_an_exception(connect: Connect, capabilities: Capabilities) -> None:
    app = Application()
    ended = Queue[ConnectionClosed]()

    @app.websocket("/")
    async def handler(ws: Connection[str, str]) -> None:
        try:
            await ws.receive()
        except ConnectionClosed as closed:
            ended.put_nowait(closed)

    async with connect(app) as peer:
        await peer.close(4001, "enough")
        closed = await ended.get()
    assert closed.code == 4001
    assert closed.reason == ("" if capabilities.peer_close_reason is Support.ABSENT else "enough")


@feature("ST15", "iterators over text, bytes, JSON", api="`async for message in connection`")
@feature("ST16", "they end quietly on disconnect", api="`async for`; `Connection.code` tells why")
async def test_iteration_ends_quietly(connect: Connect) -> None:
    app = Application()
    seen = Queue[object]()

    @app.websocket("/text")
    async def text(ws: Connection[str, str]) -> None:
        async for message in ws:
            assert_type(message, str)
            seen.put_nowait(message)
        seen.put_nowait(ws.code)

    @app.websocket("/bytes")
    async def binary(ws: Connection[bytes, bytes]) -> None:
        async for message in ws:
            assert_type(message, bytes)
            seen.put_nowait(message)
        seen.put_nowait(ws.code)

    @app.websocket("/json")
    async def json(ws: Connection[list[int], JsonValue]) -> None:
        async for message in ws:
            assert_type(message, list[int])
            seen.put_nowait(message)
        seen.put_nowait(ws.code)

    sent: list[tuple[str, str | bytes, object]] = [
        ("/text", "text", "text"),
        ("/bytes", b"bytes", b"bytes"),
        ("/json", "[1, 2]", [1, 2]),
    ]
    for path, message, received in sent:
        async with connect(app, path) as peer:
            await peer.send(message)
            await peer.send(message)
            await peer.close(4001)
            assert [await seen.get() for _ in range(3)] == [received, received, 4001]


@feature(
    "ST17",
    'the example: `"Message text was: …"`, close after the loop',
    api="`from_asgi`; [iteration.py](../examples/iteration.py) with a route",
)
@a_bare_app
async def test_its_example(connect: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async with from_asgi(scope, receive, send, Connection[str, str]) as ws:
            await ws.accept()
            async for message in ws:
                await ws.send(f"Message text was: {message}")
            await ws.close()

    assert lines_of(app) <= 6
    async with connect(app) as peer:
        for message in ("hello", ""):
            await peer.send(message)
            assert await peer.receive() == f"Message text was: {message}"


@feature("ST18", "`close(code=1000, reason=None)`", api="`Connection.close`")
async def test_close_takes_a_code_and_a_reason(connect: Connect) -> None:
    app = Application()

    @app.websocket("/plain")
    async def plain(ws: Connection[str, str]) -> None:
        await ws.close()

    @app.websocket("/")
    async def handler(ws: Connection[str, str]) -> None:
        await ws.close(code=1008, reason="mind your manners")

    for path, close in {"/plain": (1000, ""), "/": (1008, "mind your manners")}.items():
        async with connect(app, path) as peer:
            assert await peer.receive() is None
            assert (peer.code, peer.reason) == close


@feature(
    "ST19",
    "raw event send and receive that keep the state right",
    api="`WebSocketRequest.events.receive`, `.send`",
)
async def test_raw_events(connect: Connect) -> None:
    app = Application()
    code = Queue[int | None]()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        ws, events = request.web_socket, request.events
        assert await events.receive() == {"type": "websocket.connect"}
        assert request.connecting
        await events.send({"type": "websocket.accept"})
        assert not request.connecting
        assert await events.receive() == {"type": "websocket.receive", "text": "to events"}
        await ws.send(f"from the socket after {await ws.receive()!r}")
        with pytest.raises(RuntimeError, match=r"unexpected ASGI event 'websocket.accept' while .* open"):
            await events.send({"type": "websocket.accept"})
        await events.send({"type": "websocket.close", "code": 4001, "reason": "by an event"})
        code.put_nowait(ws.code)

    async with connect(app) as peer:
        await peer.send("to events")
        await peer.send(b"to the socket")
        assert await peer.receive() == "from the socket after b'to the socket'"
        assert await peer.receive() is None
        assert (peer.code, peer.reason) == (4001, "by an event")
        assert await code.get() == 4001


@feature("ST20", "close before accept gives HTTP 403", api="`WebSocket.close`, `Connection.close`")
async def test_close_before_accept(connect: Connect) -> None:
    app = Application()

    @app.websocket("/", auto_accept=False)
    async def handler(ws: Connection[str, str]) -> None:
        await ws.close()

    with pytest.raises(Denied) as denied:
        async with connect(app):
            pass
    assert denied.value.status == 403


class Response:
    """A response like Starlette's: an ASGI app that answers an http request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        headers = [(b"x-until", b"noon"), (b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 409, "headers": headers})
        for body in (b"<p>", b"not now"):
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body"})


@feature(
    "ST21",
    "denial response: any status, headers and body instead of 403, then closed",
    api="`WebSocketRequest.deny(status, headers, body)`, `.deny(response)`",
)
async def test_denial_response(connect: Connect) -> None:
    app = Application()
    code = Queue[int | None]()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        await request.deny(401, [("www-authenticate", "Bearer")], "who are you?")
        code.put_nowait(request.web_socket.code)

    @app.websocket("/response")
    async def response(request: WebSocketRequest) -> None:
        await request.deny(Response())
        code.put_nowait(request.web_socket.code)

    with pytest.raises(Denied) as denied:
        async with connect(app):
            pass
    assert (denied.value.status, denied.value.body) == (401, b"who are you?")
    assert denied.value.headers["www-authenticate"] == "Bearer"
    assert denied.value.headers["content-type"] == "text/plain; charset=utf-8"

    with pytest.raises(Denied) as denied:
        async with connect(app, "/response"):
            pass
    assert (denied.value.status, denied.value.body) == (409, b"<p>not now")
    assert denied.value.headers["x-until"] == "noon"

    assert [await code.get() for _ in range(2)] == [1006, 1006]


@feature(
    "ST22",
    "a clear error where the server can't",
    api="`Unsupported`; [where](contract.md#h3-deny): `denial_response` and others",
)
@pytest.mark.parametrize("server", [*SERVERS, "granian-rsgi"])
async def test_a_denial_that_the_server_cannot_send(connect: Connect, capabilities: Capabilities) -> None:
    app = Application()
    lacks: list[str] = []

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        try:
            await request.deny(429, [("set-cookie", "a=1"), ("set-cookie", "b=2")])
        except Unsupported as lack:
            lacks.append(str(lack))
            assert request.connecting
            await request.deny(429)

    with pytest.raises(Denied) as denied:
        async with connect(app):
            pass
    assert denied.value.status == 429
    if capabilities.denial_cookies is Support.ABSENT:
        assert "set-cookie" not in denied.value.headers
        (lack,) = lacks
        assert "can't" in lack
    else:
        assert denied.value.headers.get_all("set-cookie") == ["a=1", "b=2"]
        assert lacks == []
