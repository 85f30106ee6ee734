"""Litestar's echo (https://docs.litestar.dev/latest/usage/websockets.html)."""

from litestar import Litestar, MediaType, WebSocket, get, websocket
from litestar.exceptions import NotAuthorizedException, WebSocketDisconnect
from litestar.handlers import websocket_listener

from anysocket_adapters import normalise

ends: list[object] = []
state: list[str] = []


async def start(app: Litestar) -> None:
    state[:] = ["started"]


@get("/", media_type=MediaType.TEXT)
async def index() -> str:
    return " ".join(state)


@websocket_listener("/echo")
async def echo(data: str) -> str:
    return data


@websocket_listener("/binary", receive_mode="binary", send_mode="binary")
async def binary(data: bytes) -> bytes:
    return data


@websocket("/until_the_end")
async def until_the_end(socket: WebSocket) -> None:
    await socket.accept()
    try:
        await socket.receive_text()
    except WebSocketDisconnect as end:
        ends.append(end.code)


@websocket("/deny")
async def deny(socket: WebSocket) -> None:
    raise NotAuthorizedException("a key is needed")


@websocket("/fail")
async def fail(socket: WebSocket) -> None:
    await socket.accept()
    raise LookupError("no database")


@websocket("/leave")
async def leave(socket: WebSocket) -> None:
    await socket.accept()


app = Litestar(
    [index, echo, binary, until_the_end, deny, fail, leave], on_startup=[start], openapi_config=None
)
app = normalise(app)
