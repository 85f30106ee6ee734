"""Everything that there is beside the five members."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never, assert_type

from msgspec import Struct

from anysocket import (
    URL,
    Application,
    ApplicationCode,
    BadMessage,
    Close,
    CloseCode,
    Codec,
    Connection,
    ConnectionClosed,
    Json,
    JsonValue,
    Key,
    MessagePack,
    Middleware,
    Next,
    Route,
    Values,
    WebSocket,
    WebSocketRequest,
    from_asgi,
)
from anysocket.asgi import Receive, Scope, Send


class Join(Struct, tag=True):
    room: str


class Say(Struct, tag=True):
    text: str


@dataclass
class Said:
    by: str
    text: str


class NoSuchRoom(Exception):
    def __init__(self, room: str) -> None:
        super().__init__(room)
        self.room = room


class Protocols(StrEnum):
    V1 = "chat.v1"
    V2 = "chat.v2"


class Database:
    def rooms(self) -> list[str]:
        return ["hall"]


class Upper:
    """A codec of one's own."""

    def decoder(self, of: object, /) -> Callable[[str | bytes], object]:
        return str

    def encoder(self, of: object, /) -> Callable[[object], str | bytes]:
        return lambda value: str(value).upper()

    def media_type(self, of: object, /) -> str:
        return "text/plain"


DATABASE = Key[Database]("database")
LIMIT = Key[int]("limit")
NAME = Key[str | None]("name")


@asynccontextmanager
async def lifespan() -> AsyncGenerator[Mapping[str, object], None]:
    yield {DATABASE: Database()}


async def http(scope: Scope, receive: Receive, send: Send) -> None: ...


app = Application(
    lifespan=lifespan, http=http, origins=["https://example.com"], max_message_size=1024, close_timeout=2
)
Application(origins="*")
Application(origins=None)
app.state[LIMIT] = 10
values: Values = app.state
app.state[NAME] = None


@app.middleware
async def introduce(request: WebSocketRequest, call_next: Next) -> None:
    request.state[NAME] = request.query.get("name")
    await call_next()
    assert_type(request.web_socket.code, int | None)
    print(request.reason.upper())


class Counted:
    async def __call__(self, request: WebSocketRequest, call_next: Next) -> None:
        await call_next()


counted: Middleware = app.middleware(Counted())


@app.error_handler(NoSuchRoom)
def no_such_room(error: NoSuchRoom) -> Close:
    return Close(ApplicationCode(4004), error.room)


@app.error_handler(LookupError)
def lost(error: Exception) -> Close:
    return Close(CloseCode.POLICY_VIOLATION)


@app.websocket("/chat/{room}")
async def chat(ws: Connection[Join | Say | BadMessage, Said], room: str, limit: int = 10) -> None:
    if room not in ws.request.state[DATABASE].rooms():
        raise NoSuchRoom(room)
    name = ws.request.state[NAME] or "nobody"
    async for message in ws:
        match message:
            case Join():
                await ws.send(Said(name, message.room))
            case Say(text=text):
                await ws.send(Said(name, text))
            case BadMessage():
                print(message.message, message.code, message.reason)
            case _:
                assert_never(message)


@app.websocket("/echo", expected_codes=(1000, 1001))
async def echo(ws: Connection[str, str]) -> None:
    try:
        while True:
            await ws.send(await ws.receive(timeout=5))
    except TimeoutError:
        await ws.close(1013, "too slow", once=True)
    except ConnectionClosed as closed:
        print(closed.code, closed.reason)


@app.websocket("/both", auto_accept=False, expected_codes={1001})
async def both(ws: Connection[str | bytes, str | bytes]) -> None:
    await ws.accept(ws.request.choose_subprotocol(Protocols), headers=[("x-echo", "yes")])
    async with ws:
        assert_type(await ws.receive(), str | bytes)
        await ws.send("text")
        await ws.send(b"binary")
        assert_type(ws.code, int | None)


@app.websocket("/json", codec=Json(binary=True), expected_codes=())
async def json(ws: Connection[JsonValue, JsonValue]) -> None:
    message = await ws.receive()
    if isinstance(message, dict):
        await ws.send({"names": list(message), "numbers": [1, 1.5, None, True]})


@app.websocket("/typed", codec=MessagePack())
async def typed(ws: Connection[dict[str, int], list[Said]]) -> None:
    numbers = await ws.receive()
    await ws.send([Said(name, str(number + 1)) for name, number in numbers.items()])


own: Codec = Upper()


@app.websocket("/upper", codec=own)
async def upper(ws: Connection[str, str]) -> None:
    await echo(ws)
    await greet(ws)


async def greet(ws: Connection[object, str]) -> None:
    """Whatever comes, as long as text can be sent."""
    await ws.send("hello")


@app.websocket("/codes")
async def codes(ws: Connection[str, str]) -> None:
    await ws.close()
    await ws.close(1000)
    await ws.close(1001, "bye")
    await ws.close(1014)
    await ws.close(CloseCode.GOING_AWAY)
    await ws.close(code=CloseCode.INTERNAL_ERROR, reason="oops")
    await ws.close(ApplicationCode(4003), once=True)


@app.websocket("/request/{room}")
async def about(request: WebSocketRequest) -> None:
    assert_type(request.url, URL)
    assert_type(request.url.port, int | None)
    assert_type(request.url.host, str)
    assert_type(request.choose_subprotocol(Protocols), Protocols | None)
    assert_type(request.state[LIMIT], int)
    assert_type(request.state["motto"], object)
    assert_type(request.connecting, bool)
    request.session["user"] = "ada"
    print(request.scope["type"], request.raw_path, request.root_path, request.subprotocols, request.server)
    if "authorization" not in request.headers:
        await request.deny(401, [("www-authenticate", "Bearer")], "who are you?")
    elif request.client is None:
        await request.deny(http)
    else:
        await request.events.send({"type": "websocket.accept"})
        print(await request.events.receive())
        async with request.task_group() as tasks:
            tasks.start_soon(watch, request)


async def watch(request: WebSocketRequest) -> None:
    assert_type(await request.wait_closed(), int)


@app.websocket("/web-socket")
async def by_hand(web_socket: WebSocket) -> None:
    await web_socket.accept()


assert_type(by_hand, Route[WebSocket, []])


def links() -> list[str]:
    assert_type(chat.url("hall"), str)
    assert_type(echo.url(), str)
    print([route.path for route in app.routes], chat.path, chat.handler)
    return [chat.url(room="hall", limit=3), chat.url("hall", 3), upper.url()]


async def foreign(scope: Scope, receive: Receive, send: Send) -> None:
    async with from_asgi(scope, receive, send) as request:
        assert_type(request, WebSocketRequest)
    async with from_asgi(scope, receive, send, WebSocket, close_timeout=1) as web_socket:
        assert_type(web_socket, WebSocket)
    async with from_asgi(scope, receive, send, Connection[str, Said], codec=Json()) as ws:
        assert_type(await ws.receive(), str)
        await ws.send(Said("ada", "hello"))
