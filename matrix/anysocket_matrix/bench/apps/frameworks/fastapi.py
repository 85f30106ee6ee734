"""The app with FastAPI."""

import gc

import msgspec
from fastapi import FastAPI, WebSocket
from pydantic import BaseModel


class Said(BaseModel):
    """A message of a chat."""

    user: str
    text: str


app: FastAPI = FastAPI()
_members: set[WebSocket] = set()


@app.websocket("/echo")
async def _echo(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)


@app.websocket("/push")
async def _push(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        for _ in range(int(text)):
            await ws.send_text("x" * 32)


@app.websocket("/json")
async def _json(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        said = Said.model_validate_json(text)
        await ws.send_text(Said(user=said.user, text=said.text).model_dump_json())


@app.websocket("/msgpack")
async def _msgpack(ws: WebSocket) -> None:
    await ws.accept()
    async for message in ws.iter_bytes():
        said = Said.model_validate(msgspec.msgpack.decode(message))
        await ws.send_bytes(msgspec.msgpack.encode(Said(user=said.user, text=said.text).model_dump()))


@app.websocket("/broadcast")
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


@app.websocket("/connect/{number}")
async def _connect(ws: WebSocket, number: int) -> None:
    await ws.accept()
    await ws.close()


@app.websocket("/collect")
async def _collect(ws: WebSocket) -> None:
    gc.collect()
    await ws.accept()
    await ws.close()
