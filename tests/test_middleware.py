"""An application's work around its handlers: origins, middleware, parameters, accept."""

import logging
from collections.abc import Collection
from typing import ClassVar

import anyio
import pytest

from anysocket import (
    Application,
    Capabilities,
    Close,
    Connection,
    ConnectionClosed,
    InvalidState,
    Key,
    Next,
    Support,
    WebSocket,
    WebSocketRequest,
)
from anysocket.adapter import Denial, Handshake
from anysocket.testing.memory import Accepted, MemoryTransport

from .served import ServedApp, served

pytestmark = pytest.mark.anyio

USER = Key[str]("user")


async def hello(ws: Connection[str, str]) -> None:
    await ws.send("hello")


async def denied(connection: ServedApp) -> tuple[int, bytes]:
    denial = await connection.peer.receive()
    assert isinstance(denial, Denial)
    await connection.ended.wait()
    assert connection.error is None
    return denial.status, denial.body


async def test_the_order() -> None:
    app, order = Application(), list[object]()

    def note(name: str) -> None:
        @app.middleware
        async def _(request: WebSocketRequest, call_next: Next) -> None:
            order.append((name, request.connecting))
            await call_next()
            order.append((name, request.web_socket.code))

    note("outer")
    note("inner")

    @app.websocket("/")
    async def _(ws: Connection[str, str]) -> None:
        order.append("handler")
        await ws.close(1001)

    async with served(app) as connection:
        peer = await connection.accepted()
        assert await peer.receive() == Close(1001)
        await connection.ended.wait()
    assert order == [("outer", True), ("inner", True), "handler", ("inner", 1001), ("outer", 1001)]


@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize("auto_accept", [True, False])
async def test_denying(goes_on: bool, auto_accept: bool, caplog: pytest.LogCaptureFixture) -> None:
    app = Application()

    @app.middleware
    async def _(request: WebSocketRequest, call_next: Next) -> None:
        await request.deny(401, body="who are you?")
        if goes_on:
            await call_next()

    async def never(ws: Connection[str, str]) -> None:
        raise AssertionError

    app.websocket("/", auto_accept=auto_accept)(never)
    async with served(app) as connection:
        assert await denied(connection) == (401, b"who are you?")
    assert not caplog.records


async def test_neither_denying_nor_going_on(caplog: pytest.LogCaptureFixture) -> None:
    app = Application()
    app.websocket("/")(hello)

    @app.middleware
    async def _(request: WebSocketRequest, call_next: Next) -> None: ...

    async with served(app) as connection:
        assert await denied(connection) == (500, b"Internal Server Error")
    assert "returned without accept or deny" in caplog.text


async def test_accepting() -> None:
    app = Application()
    app.websocket("/")(hello)

    @app.middleware
    async def _(request: WebSocketRequest, call_next: Next) -> None:
        await request.web_socket.accept("b")
        await call_next()

    async with served(app, Handshake(subprotocols=("a", "b"))) as connection:
        assert await connection.peer.receive() == Accepted("b", [])
        assert await connection.peer.receive() == "hello"


async def test_state() -> None:
    app = Application()

    @app.middleware
    async def _(request: WebSocketRequest, call_next: Next) -> None:
        request.state[USER] = "ada"
        await call_next()

    @app.websocket("/")
    async def _(ws: Connection[str, str]) -> None:
        await ws.send(ws.request.state[USER])

    async with served(app) as connection:
        peer = await connection.accepted()
        assert await peer.receive() == "ada"
    assert USER not in app.state


async def test_an_exception_passes_through_the_middleware() -> None:
    app, seen = Application(), list[str]()

    @app.middleware
    async def _(request: WebSocketRequest, call_next: Next) -> None:
        try:
            await call_next()
        except KeyError as error:
            seen.append(repr(error))
            await request.web_socket.close(1013, "later")

    @app.websocket("/")
    async def _(ws: Connection[str, str]) -> None:
        raise KeyError("x")

    async with served(app) as connection:
        peer = await connection.accepted()
        assert await peer.receive() == Close(1013, "later")
        await connection.ended.wait()
    assert (seen, connection.error) == (["KeyError('x')"], None)


@pytest.mark.parametrize("before", [True, False])
async def test_an_exception_of_a_middleware(before: bool) -> None:
    app = Application()
    app.websocket("/")(hello)
    app.error_handler(KeyError)(lambda error: Close(4000, "a key"))

    @app.middleware
    async def _(request: WebSocketRequest, call_next: Next) -> None:
        if not before:
            await call_next()
        raise KeyError

    async with served(app) as connection:
        if before:
            assert await denied(connection) == (403, b"a key")
        else:
            peer = await connection.accepted()
            # The handler had returned by then, and the connection was closed.
            assert [await peer.receive() for _ in range(2)] == ["hello", Close(1000)]


async def test_no_middleware_without_a_route_or_for_a_foreign_page() -> None:
    app = Application()
    app.websocket("/")(hello)

    @app.middleware
    async def _(request: WebSocketRequest, call_next: Next) -> None:
        raise AssertionError

    async with served(app, Handshake(path="/none")) as connection:
        assert await denied(connection) == (403, b"")
    foreign = [(b"host", b"a"), (b"origin", b"http://b\xff")]
    async with served(app, Handshake(headers=foreign)) as connection:
        assert await denied(connection) == (403, "pages of http://bÿ may not connect".encode())


async def test_origins() -> None:
    app = Application(origins=["http://b"])
    app.websocket("/")(hello)
    async with served(app, Handshake(headers=[(b"host", b"a"), (b"origin", b"http://b")])) as connection:
        await connection.accepted()
    with pytest.raises(ValueError, match="isn't an origin"):
        Application(origins=["b"])


async def by_type(ws: Connection[str, str], n: int, page: int = 1) -> None:
    await ws.send(f"{n} {page}")


@pytest.mark.parametrize(
    ("path", "query", "status", "body"),
    [
        ("/x", b"", 403, b"n must be an integer, not 'x'"),
        ("/" + "9" * 5000, b"", 403, b"n must be an integer, not '" + b"9" * 100 + b"'"),
        ("/\0", b"", 403, rb"n must be an integer, not '\x00'"),
        ("/\ud800", b"", 403, rb"n must be an integer, not '\ud800'"),
        ("/1", b"page=", 400, b"page must be an integer, not ''"),
        ("/1", b"page=\xff", 400, "page must be an integer, not 'ÿ'".encode()),
        ("/1", b"page=%ff&page=1", 400, "page must be an integer, not '\ufffd'".encode()),
        ("/1", b"page=%00", 400, rb"page must be an integer, not '\x00'"),
        ("/1", b"page=%ED%A0%80", 400, "page must be an integer, not '\ufffd\ufffd\ufffd'".encode()),
    ],
)
async def test_bad_parameters(
    path: str, query: bytes, status: int, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()
    app.websocket("/{n}")(by_type)
    async with served(app, Handshake(path=path, query_string=query)) as connection:
        assert await denied(connection) == (status, body)
    assert not caplog.records


@pytest.mark.parametrize(
    "query", [b"", b"&&=&=", b"%", b"%zz=%", b"pag%65=1", b";;", b"\xff=\0", b"=" * 1000]
)
async def test_strange_queries(query: bytes) -> None:
    app = Application()
    app.websocket("/{n}")(by_type)
    async with served(app, Handshake(path="/7", query_string=query)) as connection:
        peer = await connection.accepted()
        assert await peer.receive() == "7 1"


class Barely(MemoryTransport):
    """A server without denial responses, which can only answer 403."""

    declared: ClassVar[Capabilities] = Capabilities(
        denial_status=Support.ABSENT, denial_response=Support.ABSENT
    )


@pytest.mark.parametrize(("path", "query"), [("/x", b""), ("/1", b"page=x")])
async def test_bad_parameters_on_a_server_that_can_only_give_403(
    path: str, query: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()
    app.websocket("/{n}")(by_type)
    transport = Barely(Handshake(path=path, query_string=query))
    await app.handle(transport)
    denial = await transport.peer.receive()
    assert isinstance(denial, Denial)
    assert (denial.status, denial.body) == (403, b"")
    assert not [each for each in caplog.records if each.levelno > logging.INFO]


async def test_a_failure_isnt_a_403_there() -> None:
    app = Application()

    @app.websocket("/")
    async def _(request: WebSocketRequest) -> None: ...

    transport = Barely()
    await app.handle(transport)
    with anyio.move_on_after(0.01) as scope:
        await transport.peer.receive()
    assert scope.cancelled_caught  # the server itself answers with 500


async def connection(ws: Connection[str, str]) -> None:
    assert (ws.code, ws.request.connecting) == (None, False)


async def connecting(ws: Connection[str, str]) -> None:
    assert ws.request.connecting
    await ws.accept()


async def web_socket(ws: WebSocket) -> None:
    await ws.send("open")


async def by_hand(ws: WebSocket) -> None:
    with pytest.raises(InvalidState):
        await ws.send("not open")
    await ws.accept()


async def test_auto_accept() -> None:
    app = Application()
    app.websocket("/1")(connection)
    app.websocket("/2", auto_accept=True)(connection)
    app.websocket("/3", auto_accept=False)(connecting)
    app.websocket("/4")(by_hand)
    app.websocket("/5", auto_accept=True)(web_socket)
    for path in ("/1", "/2", "/3", "/4", "/5"):
        async with served(app, Handshake(path=path)) as made:
            await made.accepted()
            await made.ended.wait()
        assert made.error is None


@pytest.mark.parametrize(
    ("expected_codes", "code", "quiet"),
    [
        ((1000, 1001), 1001, True),
        ((1000, 1001), 1005, False),
        ((), 1000, False),
        (range(1000, 5000), 4999, True),
    ],
)
@pytest.mark.parametrize("grouped", [True, False])
async def test_silenced(expected_codes: Collection[int], code: int, quiet: bool, grouped: bool) -> None:
    app = Application()

    @app.websocket("/", expected_codes=expected_codes)
    async def _(ws: Connection[str, str]) -> None:
        if not grouped:
            await ws.receive()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ws.receive)

    async with served(app) as made:
        peer = await made.accepted()
        await peer.close(code)
        await made.ended.wait()
    if quiet:
        assert made.error is None
    else:
        assert made.error is not None
        assert isinstance(made.error, ExceptionGroup if grouped else ConnectionClosed)


async def test_a_peer_that_has_left_before_accept(caplog: pytest.LogCaptureFixture) -> None:
    app = Application()
    app.websocket("/")(hello)
    transport = MemoryTransport()
    transport.peer.abort()
    await app.handle(transport)
    assert not caplog.records
