"""FastAPI's echo and chat (https://fastapi.tiangolo.com/advanced/websockets/)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect, WebSocketException, status
from fastapi.responses import PlainTextResponse

from anysocket_adapters import normalise

ends: list[object] = []
state: list[str] = []


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    state[:] = ["started"]
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/", response_class=PlainTextResponse)
async def index() -> str:
    return " ".join(state)


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            data = await websocket.receive_text()
            await websocket.send_text(f"Message text was: {data}")
    except WebSocketDisconnect:
        pass


@app.websocket("/binary")
async def binary(websocket: WebSocket) -> None:
    await websocket.accept()
    async for data in websocket.iter_bytes():
        await websocket.send_bytes(data)


@app.websocket("/until_the_end")
async def until_the_end(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        await websocket.receive_text()
    except WebSocketDisconnect as end:
        ends.append((end.code, end.reason))


@app.websocket("/deny")
async def deny(websocket: WebSocket) -> None:
    raise WebSocketException(code=status.WS_1008_POLICY_VIOLATION)


@app.websocket("/fail")
async def fail(websocket: WebSocket) -> None:
    await websocket.accept()
    raise LookupError("no database")


@app.websocket("/leave")
async def leave(websocket: WebSocket) -> None:
    await websocket.accept()


members: list[WebSocket] = []


async def broadcast(text: str) -> None:
    for member in members:
        await member.send_text(text)


@app.websocket("/chat/{client_id}")
async def chat(websocket: WebSocket, client_id: int) -> None:
    await websocket.accept()
    members.append(websocket)
    try:
        while True:
            text = await websocket.receive_text()
            await websocket.send_text(f"You wrote: {text}")
            await broadcast(f"Client #{client_id} says: {text}")
    except WebSocketDisconnect:
        members.remove(websocket)
        await broadcast(f"Client #{client_id} left the chat")


app = normalise(app)
