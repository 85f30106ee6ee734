"""A handler that uses most of the API."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from anysocket import Application, CloseCode, ConnectionClosed, Unsupported, WebSocket, WebSocketRequest


@asynccontextmanager
async def lifespan() -> AsyncGenerator[Mapping[str, object], None]:
    yield {"greeting": "hello"}


app = Application(lifespan=lifespan, max_message_size=1024, close_timeout=2.5)


@app.websocket("/chat/{room}")
async def chat(request: WebSocketRequest) -> None:
    if request.headers.get("authorization") is None:
        await request.deny(401, [("www-authenticate", "Bearer")], "who are you?")
        return
    web_socket = request.web_socket
    try:
        await web_socket.accept("chat.v2", headers=[("x-room", request.path_params["room"])])
    except Unsupported:
        await web_socket.accept(subprotocol="chat.v2")
    try:
        await welcome(web_socket, request.query.get_all("name"))
    except ConnectionClosed as closed:
        code: int = closed.code
        print(code, closed.reason.upper())


async def welcome(web_socket: WebSocket, names: list[str]) -> None:
    message = await web_socket.receive()
    if isinstance(message, str):
        await web_socket.send(message.upper())
    elif message is None:
        code: int | None = web_socket.code
        print(code)
    else:
        await web_socket.send(message.hex())
        await web_socket.send(bytearray(message))
        await web_socket.send(memoryview(message))
    await web_socket.close(CloseCode.NORMAL_CLOSURE, ", ".join(names))
    await web_socket.close(4001)
