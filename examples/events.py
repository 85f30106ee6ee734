"""Send every message back, with ASGI's own events.

Run `anysocket serve events:app` in this folder, then connect to ws://127.0.0.1:8000/echo. You can mix
events with accept, receive, send and close: both use the same connection and its state.
"""

from anysocket import Application, WebSocketRequest

app = Application()


@app.websocket("/echo", auto_accept=True)
async def echo(request: WebSocketRequest) -> None:
    while (event := await request.events.receive())["type"] == "websocket.receive":
        await request.events.send({**event, "type": "websocket.send"})
