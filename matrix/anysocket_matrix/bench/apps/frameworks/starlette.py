"""The app with Starlette."""

import gc

import msgspec
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

_members: set[WebSocket] = set()


async def _echo(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)


async def _push(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        for _ in range(int(text)):
            await ws.send_text("x" * 32)


async def _json(ws: WebSocket) -> None:
    await ws.accept()
    async for said in ws.iter_json():
        await ws.send_json({"user": said["user"], "text": said["text"]})


async def _msgpack(ws: WebSocket) -> None:
    await ws.accept()
    async for message in ws.iter_bytes():
        said = msgspec.msgpack.decode(message)
        await ws.send_bytes(msgspec.msgpack.encode({"user": said["user"], "text": said["text"]}))


async def _broadcast(ws: WebSocket) -> None:
    await ws.accept()
    _members.add(ws)
    try:
        await ws.send_text("joined")
        async for text in ws.iter_text():
            for member in tuple(_members):
                await member.send_text(text)
    finally:
        _members.remove(ws)


async def _connect(ws: WebSocket) -> None:
    int(ws.path_params["number"])
    await ws.accept()
    await ws.close()


async def _collect(ws: WebSocket) -> None:
    gc.collect()
    await ws.accept()
    await ws.close()


app: Starlette = Starlette(
    routes=[
        WebSocketRoute("/echo", _echo),
        WebSocketRoute("/push", _push),
        WebSocketRoute("/json", _json),
        WebSocketRoute("/msgpack", _msgpack),
        WebSocketRoute("/broadcast", _broadcast),
        WebSocketRoute("/connect/{number:int}", _connect),
        WebSocketRoute("/collect", _collect),
    ]
)
