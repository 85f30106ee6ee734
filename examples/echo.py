"""Send every message back.

Run `anysocket serve echo:app` in this folder, then connect to ws://127.0.0.1:8000/echo, or to /text,
/bytes or /json. Each of these three takes messages of one type; another type closes the connection.
"""

from anysocket import Application, Connection, JsonValue, WebSocketRequest

app = Application()


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


@app.websocket("/text")
async def text(ws: Connection[str, str]) -> None:
    async for message in ws:
        await ws.send(message)


@app.websocket("/bytes")
async def binary(ws: Connection[bytes, bytes]) -> None:
    async for message in ws:
        await ws.send(message)


@app.websocket("/json")
async def json(ws: Connection[JsonValue, JsonValue]) -> None:
    async for message in ws:
        await ws.send(message)
