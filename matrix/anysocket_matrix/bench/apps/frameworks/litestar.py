"""The app with Litestar."""

import gc
from contextlib import suppress

from litestar import Litestar, WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

_members: set[WebSocket] = set()


@websocket("/echo")
async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            await socket.send_text(await socket.receive_text())


@websocket("/push")
async def _push(socket: WebSocket) -> None:
    await socket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            for _ in range(int(await socket.receive_text())):
                await socket.send_text("x" * 32)


@websocket("/json")
async def _json(socket: WebSocket) -> None:
    await socket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            said = await socket.receive_json()
            await socket.send_json({"user": said["user"], "text": said["text"]})


@websocket("/msgpack")
async def _msgpack(socket: WebSocket) -> None:
    await socket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            said = await socket.receive_msgpack()
            await socket.send_msgpack({"user": said["user"], "text": said["text"]})


@websocket("/broadcast")
async def _broadcast(socket: WebSocket) -> None:
    await socket.accept()
    _members.add(socket)
    try:
        with suppress(WebSocketDisconnect):
            await socket.send_text("joined")
            while True:
                text = await socket.receive_text()
                for member in tuple(_members):
                    await member.send_text(text)
    finally:
        _members.remove(socket)


@websocket("/connect/{number:int}")
async def _connect(socket: WebSocket, number: int) -> None:
    await socket.accept()
    await socket.close()


@websocket("/collect")
async def _collect(socket: WebSocket) -> None:
    gc.collect()
    await socket.accept()
    await socket.close()


app: Litestar = Litestar([_echo, _push, _json, _msgpack, _broadcast, _connect, _collect], openapi_config=None)
