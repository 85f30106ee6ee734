"""Bocadillo's echo and chat room (https://bocadilloproject.github.io/guide/websockets.html)."""

from bocadillo import App, Request, Response, WebSocket, WebSocketDisconnect, configure, provider

from anysocket_adapters import normalise

ends: list[object] = []
state: list[str] = []

app = App()


@app.on("startup")
async def start() -> None:
    state[:] = ["started"]


@app.route("/")
async def index(req: Request, res: Response) -> None:
    res.text = " ".join(state)


@app.websocket_route("/echo")
async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(f"You said: {message}")


@app.websocket_route("/binary", value_type="bytes")
async def binary(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)


@app.websocket_route("/until_the_end")
async def until_the_end(ws: WebSocket) -> None:
    try:
        await ws.receive()
    except WebSocketDisconnect as end:
        ends.append(end.code)


@app.websocket_route("/deny", auto_accept=False)
async def deny(ws: WebSocket) -> None:
    await ws.reject()


@app.websocket_route("/fail")
async def fail(ws: WebSocket) -> None:
    raise LookupError("no database")


@app.websocket_route("/leave")
async def leave(ws: WebSocket) -> None:
    pass


HISTORY: list[dict[str, str]] = []


@provider(scope="app")
async def history() -> list[dict[str, str]]:
    return HISTORY


@provider(scope="app")
async def clients() -> set[WebSocket]:
    return set()


@app.websocket_route("/chat", value_type="json")
async def chat(ws: WebSocket, history: list[dict[str, str]], clients: set[WebSocket]) -> None:
    clients.add(ws)
    for message in history:
        await ws.send(message)
    try:
        async for message in ws:
            history.append(message)
            if message["type"] == "message":
                for client in tuple(clients):  # without the tuple it fails when another peer joins meanwhile
                    await client.send(message)
    finally:
        clients.remove(ws)


configure(app)
app = normalise(app)
