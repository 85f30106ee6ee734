"""Send every message back.

Run `anysocket serve echo:app` in this folder, then connect to ws://127.0.0.1:8000/echo.
"""

from anysocket import Application, WebSocketRequest

app = Application()


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
