"""Broadcasts to connections with types, and to bare ones."""

import msgspec

from anysocket import Application, Connection, WebSocket, WebSocketRequest, broadcast

app = Application()


class Joined(msgspec.Struct, tag=True):
    name: str


class Said(msgspec.Struct, tag=True):
    text: str


talkers: set[Connection[Said, Said | Joined]] = set()
listeners: list[WebSocket] = []


@app.websocket("/talk/{name}")
async def talk(ws: Connection[Said, Said | Joined], name: str) -> None:
    talkers.add(ws)
    await broadcast(talkers, Joined(name))
    async for said in ws:
        await broadcast(talkers, said)
        await broadcast((each for each in talkers if each is not ws), said)
        await broadcast(listeners, said.text)


@app.websocket("/listen")
async def listen(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    listeners.append(request.web_socket)
    await broadcast([request.web_socket], memoryview(b"hello"))
    await request.wait_closed()
