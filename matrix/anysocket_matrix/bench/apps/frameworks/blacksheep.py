"""The app with BlackSheep."""

import gc
from contextlib import suppress

import msgspec
from blacksheep import Application, WebSocket, WebSocketDisconnectError

app: Application = Application()
_members: set[WebSocket] = set()


@app.router.ws("/echo")
async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    with suppress(WebSocketDisconnectError):
        while True:
            await websocket.send_text(await websocket.receive_text())


@app.router.ws("/push")
async def _push(websocket: WebSocket) -> None:
    await websocket.accept()
    with suppress(WebSocketDisconnectError):
        while True:
            for _ in range(int(await websocket.receive_text())):
                await websocket.send_text("x" * 32)


@app.router.ws("/json")
async def _json(websocket: WebSocket) -> None:
    await websocket.accept()
    with suppress(WebSocketDisconnectError):
        while True:
            said = await websocket.receive_json()
            await websocket.send_json({"user": said["user"], "text": said["text"]})


@app.router.ws("/msgpack")
async def _msgpack(websocket: WebSocket) -> None:
    await websocket.accept()
    with suppress(WebSocketDisconnectError):
        while True:
            said = msgspec.msgpack.decode(await websocket.receive_bytes())
            await websocket.send_bytes(msgspec.msgpack.encode({"user": said["user"], "text": said["text"]}))


@app.router.ws("/broadcast")
async def _broadcast(websocket: WebSocket) -> None:
    await websocket.accept()
    _members.add(websocket)
    try:
        with suppress(WebSocketDisconnectError):
            await websocket.send_text("joined")
            while True:
                text = await websocket.receive_text()
                for member in tuple(_members):
                    await member.send_text(text)
    finally:
        _members.remove(websocket)


@app.router.ws("/connect/{number}")
async def _connect(websocket: WebSocket, number: int) -> None:
    await websocket.accept()
    await websocket.close()


@app.router.ws("/collect")
async def _collect(websocket: WebSocket) -> None:
    gc.collect()
    await websocket.accept()
    await websocket.close()
