"""The echo of bareASGI's documentation and that of Starlette's, with types."""

from typing import assert_type

from anysocket import Application, Connection, WebSocketRequest, from_asgi
from anysocket.asgi import Receive, Scope, Send

app = Application()


@app.websocket("/five_members")
async def five_members(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    while isinstance(text := await request.web_socket.receive(), str):
        await request.web_socket.send("You said: " + text)


@app.websocket("/connection")
async def connection(ws: Connection[str, str]) -> None:
    async for text in ws:
        assert_type(text, str)
        await ws.send("You said: " + text)


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    async with from_asgi(scope, receive, send, Connection[str, str]) as ws:
        await ws.accept()
        async for message in ws:
            await ws.send(f"Message text was: {message}")
        await ws.close()
