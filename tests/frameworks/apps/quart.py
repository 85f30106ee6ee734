"""Quart's echo (https://quart.palletsprojects.com/en/latest/how_to_guides/websockets/)."""

import asyncio

from quart import Quart, abort, websocket

from anysocket_adapters import normalise

ends: list[object] = []
state: list[str] = []

app = Quart(__name__)


@app.before_serving
async def start() -> None:
    state[:] = ["started"]


@app.get("/")
async def index() -> str:
    return " ".join(state)


@app.websocket("/echo")
async def echo() -> None:
    while True:
        data = await websocket.receive()
        await websocket.send(f"echo {data}")


@app.websocket("/binary")
async def binary() -> None:
    while True:
        data = await websocket.receive()
        await websocket.send(data)


@app.websocket("/until_the_end")
async def until_the_end() -> None:
    await websocket.accept()
    try:
        await websocket.receive()
    except asyncio.CancelledError:
        ends.append(None)
        raise


@app.websocket("/deny")
async def deny() -> None:
    abort(401)


@app.websocket("/fail")
async def fail() -> None:
    await websocket.accept()
    raise LookupError("no database")


@app.websocket("/leave")
async def leave() -> None:
    await websocket.accept()


app = normalise(app)
