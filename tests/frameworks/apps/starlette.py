"""Starlette's echo, and other examples of its documentation (https://www.starlette.io/websockets/)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from anysocket_adapters import normalise

ends: list[object] = []
state: list[str] = []


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for message in websocket.iter_text():
        await websocket.send_text(f"Message text was: {message}")
    await websocket.close()


async def binary(websocket: WebSocket) -> None:
    await websocket.accept()
    async for message in websocket.iter_bytes():
        await websocket.send_bytes(message)


async def until_the_end(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        await websocket.receive_text()
    except WebSocketDisconnect as end:
        ends.append((end.code, end.reason))


async def deny(websocket: WebSocket) -> None:
    await websocket.send_denial_response(PlainTextResponse("a key is needed", 401))


async def fail(websocket: WebSocket) -> None:
    await websocket.accept()
    raise LookupError("no database")


async def leave(websocket: WebSocket) -> None:
    await websocket.accept()


async def index(request: Request) -> PlainTextResponse:
    return PlainTextResponse(" ".join(state))


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None, None]:
    state[:] = ["started"]
    yield


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/", index),
        WebSocketRoute("/echo", echo),
        WebSocketRoute("/binary", binary),
        WebSocketRoute("/until_the_end", until_the_end),
        WebSocketRoute("/deny", deny),
        WebSocketRoute("/fail", fail),
        WebSocketRoute("/leave", leave),
    ],
)
app = normalise(app)
