"""granian over RSGI: http and lifespan beside the WebSockets, and calls that would end the whole server."""

import http.client
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import cast
from urllib.parse import urlsplit

import anyio
import pytest
from tests.servers.client import connect
from websockets.exceptions import InvalidStatus

from anysocket import Application, Close, InvalidState, WebSocketRequest
from anysocket.adapter import Denial, Transport
from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send
from anysocket_adapters import ServerFailed, running

pytestmark = pytest.mark.anyio

ROW = "granian-rsgi"


async def respond(send: Send, status: int, *parts: bytes) -> None:
    """Send a response, in one part or several."""
    headers = [(b"x-a", b"1"), (b"x-a", b"2"), (b"x-b", "é".encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for part in parts[:-1]:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": parts[-1]})


async def body_of(receive: Receive) -> bytes | None:
    """Return the body of a request, or None if it was interrupted."""
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += cast("bytes", event["body"])
        if not event["more_body"]:
            return body


def serving(http_app: ASGIApp) -> Application:
    """Make an application that passes only http requests to this app."""

    async def http_only(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await http_app(scope, receive, send)

    return Application(http=http_only)


async def get(url: str, path: str, body: object = None) -> tuple[int, list[tuple[str, str]], bytes]:
    """Request a path, with a body that is sent in chunks if it is a list."""

    def ask() -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        try:
            data = iter(cast("list[bytes]", body)) if isinstance(body, list) else cast("bytes | None", body)
            connection.request("GET" if body is None else "POST", path, data)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    return await anyio.to_thread.run_sync(ask)


async def test_http() -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        if scope["path"] == "/parts":
            await respond(send, 201, b"a", b"", b"b", b"")
        else:
            await respond(send, 200, await body_of(receive) or b"nothing")

    async with running(serving(app), ROW, root_path="/api") as url:
        status, headers, body = await get(url, "/caf%C3%A9?x=1")
        assert (status, body) == (200, b"nothing")
        assert [pair for pair in headers if pair[0] in ("x-a", "x-b")] == [
            ("x-a", "1"),
            ("x-a", "2"),
            ("x-b", "\xc3\xa9"),
        ]
        assert (await get(url, "/", b"x" * 200_000))[2] == b"x" * 200_000
        assert (await get(url, "/", [b"ab", b"cd"]))[2] == b"abcd"
        assert (await get(url, "/parts"))[::2] == (201, b"ab")
    scope = scopes[0]
    assert {key: scope[key] for key in ("type", "http_version", "method", "path", "query_string")} == {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/café",
        "query_string": b"x=1",
    }
    assert (scope["raw_path"], scope["root_path"]) == (b"/caf%C3%A9", "/api")
    assert scope["server"] == ("127.0.0.1", urlsplit(url).port)


@pytest.mark.parametrize(
    "framing", [b"content-length: 10\r\n\r\nabc", b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"]
)
async def test_a_body_that_breaks_off_is_no_body(framing: bytes) -> None:
    bodies: list[bytes | None] = []
    done = anyio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        bodies.append(await body_of(receive))
        done.set()

    async with running(serving(app), ROW) as url:
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as peer:
            peer.sendall(b"POST / HTTP/1.1\r\nhost: a\r\n" + framing)
        await done.wait()
    assert bodies == [None]


async def test_a_peer_that_leaves_is_told() -> None:
    events: list[ASGIEvent] = []
    begun, done = anyio.Event(), anyio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        begun.set()
        events.append(await receive())
        done.set()

    async with running(serving(app), ROW) as url:
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            await begun.wait()
        await done.wait()
    assert events == [{"type": "http.disconnect"}]


@pytest.mark.parametrize("status", [-1, 0, 99, 101, 600, 1000, 70000])
async def test_no_status_ends_the_server(status: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, status if scope["path"] == "/bad" else 200, b"")

    async with running(serving(app), ROW) as url:
        assert (await get(url, "/bad"))[0] == 500
        assert (await get(url, "/good"))[0] == 200


class Misbehaving:
    """An app that calls the transport itself, without the core's checks."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await respond(send, 200, b"alive")

    async def handle(self, transport: Transport) -> None:
        what, _, number = transport.handshake.path[1:].partition("/")
        try:
            if what == "deny":
                await transport.deny(Denial(int(number)))
            elif what == "close":
                await transport.close(Close(int(number)))
                await transport.accept(None, ())
            else:
                for _ in range(2):
                    await transport.accept(None, ())
        except (ValueError, InvalidState) as error:
            self.seen.append(type(error))


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        *[(f"/deny/{status}", ValueError) for status in (0, 99, 101, 600, 1000, 4000, 70000)],
        *[(f"/close/{code}", InvalidState) for code in (0, 1000, 1008, 4000, 70000)],
    ],
)
async def test_no_answer_ends_the_server(path: str, seen: type[Exception]) -> None:
    app = Misbehaving()
    async with running(app, ROW) as url:
        with pytest.raises(InvalidStatus):
            await connect(url + path)
        assert (await get(url, "/"))[2] == b"alive"
    assert app.seen == [seen]


async def test_no_second_accept_ends_the_server() -> None:
    app = Misbehaving()
    async with running(app, ROW) as url:
        async with connect(f"{url}/twice"):
            pass
        assert (await get(url, "/"))[2] == b"alive"
    assert app.seen == [InvalidState]


async def test_a_cancelled_accept_ends_nothing() -> None:
    app = Application(http=Misbehaving())
    done = anyio.Event()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        with anyio.move_on_after(0):
            await request.web_socket.accept()
        with pytest.raises(InvalidState):
            await request.web_socket.accept()
        done.set()

    async with running(app, ROW) as url:
        with suppress(InvalidStatus):  # it can't be known whether the peer has been accepted
            async with connect(url):
                pass
        await done.wait()
        assert (await get(url, "/"))[2] == b"alive"


async def test_lifespan() -> None:
    seen: list[object] = []

    @asynccontextmanager
    async def lifespan() -> AsyncGenerator[dict[str, object], None]:
        seen.append("startup")
        yield {"database": "open"}
        seen.append("shutdown")

    async def http_app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            seen.append(scope["state"])
            await respond(send, 200, b"")

    app = Application(lifespan=lifespan, http=http_app)

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        seen.append(dict(request.state))

    async with running(app, ROW) as url:
        await get(url, "/")
        with pytest.raises(InvalidStatus):
            await connect(url)
    assert seen == ["startup", {"database": "open"}, {"database": "open"}, "shutdown"]


async def test_a_startup_that_fails() -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncGenerator[None, None]:
        raise LookupError("no database")
        yield

    with pytest.raises(ServerFailed, match="startup failed: LookupError: no database"):
        async with running(Application(lifespan=lifespan), ROW):
            pass


async def test_an_app_of_another_framework() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            raise NotImplementedError
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f"{scope['path']} {event['text']}"})

    async with running(app, ROW) as url, connect(f"{url}/a%2Fb") as peer:
        await peer.send("hello")
        assert await peer.recv() == "/a/b hello"
