"""The smallest handler."""

from anysocket import Application, WebSocketRequest

app = Application()


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    web_socket = request.web_socket
    await web_socket.accept()
    while (message := await web_socket.receive()) is not None:
        await web_socket.send(message)
