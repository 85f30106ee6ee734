"""Functions that can't be handlers."""

from collections.abc import AsyncGenerator

from anysocket import Application, Connection, WebSocket, WebSocketRequest

app = Application()


@app.websocket("/sync")  # error
def sync(request: WebSocketRequest) -> None: ...


@app.websocket("/nothing")  # error
async def takes_nothing() -> None: ...


# For ty and pyrefly the socket has a type that is both, and that no value has.
@app.websocket("/chat/{room}")  # error: mypy, pyright
async def takes_no_socket(room: str) -> None: ...


@app.websocket("/chat/{room}")  # error: mypy, pyright
async def takes_its_socket_last(room: str, web_socket: WebSocket) -> None: ...


@app.websocket("/keyword")  # error
async def takes_its_socket_by_name(*, web_socket: WebSocket) -> None: ...


@app.websocket("/one")
async def takes_one_type(ws: Connection[str]) -> None: ...  # error


@app.websocket("/generates")  # error
async def generates(ws: Connection[str, str]) -> AsyncGenerator[str, None]:
    yield await ws.receive()


@app.websocket("/returns")  # error
async def returns_something(request: WebSocketRequest) -> str:
    return request.path


app.websocket("/object")(object())  # error
app.websocket("/instance")("handler")  # error
app.websocket("/none/{room}")()  # error
app.websocket("/two/{room}")(takes_nothing, takes_nothing)  # error
app.websocket(1)  # error


@app.websocket  # error
async def without_a_path(request: WebSocketRequest) -> None: ...
