"""The app with anysocket."""

import gc

import msgspec

from anysocket import Application, Connection, MessagePack, WebSocket, WebSocketRequest, broadcast


class Said(msgspec.Struct):
    """A message of a chat."""

    user: str
    text: str


app: Application = Application()
_members: set[WebSocket] = set()


@app.websocket("/echo")
async def _echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


@app.websocket("/push")
async def _push(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (count := await ws.receive()) is not None:
        for _ in range(int(count)):
            await ws.send("x" * 32)


@app.websocket("/json")
async def _json(ws: Connection[Said, Said]) -> None:
    async for said in ws:
        await ws.send(Said(said.user, said.text))


@app.websocket("/msgpack", codec=MessagePack())
async def _msgpack(ws: Connection[Said, Said]) -> None:
    async for said in ws:
        await ws.send(Said(said.user, said.text))


@app.websocket("/broadcast")
async def _broadcast(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    _members.add(ws)
    try:
        await ws.send("joined")
        while (message := await ws.receive()) is not None:
            await broadcast(_members, message)
    finally:
        _members.remove(ws)


@app.websocket("/connect/{number}")
async def _connect(request: WebSocketRequest, number: int) -> None:
    await request.web_socket.accept()


@app.websocket("/collect")
async def _collect(request: WebSocketRequest) -> None:
    gc.collect()
    await request.web_socket.accept()
