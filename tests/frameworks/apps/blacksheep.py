"""BlackSheep's echo and chat (https://www.neoteroi.dev/blacksheep/websocket/)."""

from datetime import UTC, datetime

from blacksheep import Application, WebSocket, WebSocketDisconnectError

from anysocket_adapters import normalise

ends: list[object] = []
state: list[str] = []

app = Application()


@app.on_start
async def start(app: Application) -> None:
    state[:] = ["started"]


@app.router.get("/")
async def index() -> str:
    return " ".join(state)


@app.router.ws("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    while True:
        msg = await websocket.receive_text()
        await websocket.send_text(msg)


@app.router.ws("/binary")
async def binary(websocket: WebSocket) -> None:
    await websocket.accept()
    while True:
        msg = await websocket.receive_bytes()
        await websocket.send_bytes(msg)


@app.router.ws("/until_the_end")
async def until_the_end(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        await websocket.receive_text()
    except WebSocketDisconnectError as end:
        ends.append(end.code)


@app.router.ws("/deny")
async def deny(websocket: WebSocket) -> None:
    raise PermissionError("a key is needed")


@app.router.ws("/fail")
async def fail(websocket: WebSocket) -> None:
    await websocket.accept()
    raise LookupError("no database")


@app.router.ws("/leave")
async def leave(websocket: WebSocket) -> None:
    await websocket.accept()


members: list[WebSocket] = []


async def broadcast(author: str, text: str) -> None:
    message = {"author": author, "text": text, "timestamp": datetime.now(UTC).isoformat()}
    for member in members:
        await member.send_json(message)


@app.router.ws("/chat/{client_id}")
async def chat(websocket: WebSocket, client_id: str) -> None:
    await websocket.accept()
    await broadcast("Server", f"{client_id} enters the chat")
    members.append(websocket)
    try:
        while True:
            message = await websocket.receive_json()
            await broadcast(message["author"], message["text"])
    except WebSocketDisconnectError:
        members.remove(websocket)
        await broadcast("Server", f"{client_id} disconnected")


app = normalise(app)
