"""The app with Quart."""

import gc
from typing import cast

import msgspec
from quart import Quart, Websocket, websocket

app: Quart = Quart(__name__)
_members: set[Websocket] = set()


@app.websocket("/echo")
async def _echo() -> None:
    while True:
        await websocket.send(await websocket.receive())


@app.websocket("/push")
async def _push() -> None:
    while True:
        for _ in range(int(await websocket.receive())):
            await websocket.send("x" * 32)


@app.websocket("/json")
async def _json() -> None:
    while True:
        said = await websocket.receive_json()
        await websocket.send_json({"user": said["user"], "text": said["text"]})


@app.websocket("/msgpack")
async def _msgpack() -> None:
    while True:
        said = msgspec.msgpack.decode(await websocket.receive())
        await websocket.send(msgspec.msgpack.encode({"user": said["user"], "text": said["text"]}))


@app.websocket("/broadcast")
async def _broadcast() -> None:
    ours = cast("Websocket", websocket._get_current_object())  # the object behind the proxy
    _members.add(ours)
    try:
        await websocket.send("joined")
        while True:
            text = await websocket.receive()
            for member in tuple(_members):
                await member.send(text)
    finally:
        _members.remove(ours)


@app.websocket("/connect/<int:number>")
async def _connect(number: int) -> None:
    await websocket.accept()
    await websocket.close(1000)


@app.websocket("/collect")
async def _collect() -> None:
    gc.collect()
    await websocket.accept()
    await websocket.close(1000)
