"""What can't be a handler."""

from anysocket import Application, WebSocket, WebSocketRequest

app = Application()


@app.websocket("/sync")  # error
def sync(request: WebSocketRequest) -> None: ...


@app.websocket("/nothing")  # error
async def takes_nothing() -> None: ...


@app.websocket("/more")  # error
async def takes_more(request: WebSocketRequest, room: str) -> None: ...


@app.websocket("/other")  # error
async def takes_another(web_socket: WebSocket) -> None: ...


@app.websocket("/returns")  # error
async def returns_something(request: WebSocketRequest) -> str:
    return request.path


app.websocket("/object")(object())  # error
app.websocket("/instance")("handler")  # error
app.websocket(1)  # error


@app.websocket  # error
async def without_a_path(request: WebSocketRequest) -> None: ...
