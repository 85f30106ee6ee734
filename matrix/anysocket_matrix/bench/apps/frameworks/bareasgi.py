"""The app with bareASGI."""

import gc
import json

import msgspec
from bareasgi import Application, WebSocket, WebSocketRequest

app: Application = Application()
_members: set[WebSocket] = set()


async def _echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


async def _push(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        for _ in range(int(message)):
            await ws.send("x" * 32)


async def _json(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        said = json.loads(message)
        await ws.send(json.dumps({"user": said["user"], "text": said["text"]}))


async def _msgpack(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        said = msgspec.msgpack.decode(message)
        await ws.send(msgspec.msgpack.encode({"user": said["user"], "text": said["text"]}))


async def _broadcast(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    _members.add(ws)
    try:
        await ws.send("joined")
        while (message := await ws.receive()) is not None:
            for member in tuple(_members):
                await member.send(message)
    finally:
        _members.remove(ws)


async def _connect(request: WebSocketRequest) -> None:
    int(request.matches["number"])
    await request.web_socket.accept()
    await request.web_socket.close()


async def _collect(request: WebSocketRequest) -> None:
    gc.collect()
    await request.web_socket.accept()
    await request.web_socket.close()


app.ws_router.add("/echo", _echo)
app.ws_router.add("/push", _push)
app.ws_router.add("/json", _json)
app.ws_router.add("/msgpack", _msgpack)
app.ws_router.add("/broadcast", _broadcast)
app.ws_router.add("/connect/{number:int}", _connect)
app.ws_router.add("/collect", _collect)
