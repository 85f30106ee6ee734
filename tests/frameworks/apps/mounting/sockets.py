"""The WebSockets that each framework here mounts; this module imports no framework."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from anysocket import Application, ConnectionClosed, WebSocketRequest

ends: list[tuple[int | None, str]] = []


@asynccontextmanager
async def lifespan() -> AsyncGenerator[Mapping[str, object], None]:
    print("the sockets' lifespan begins")
    yield {"motto": "hello"}
    print("the sockets' lifespan ends")


sockets = Application(lifespan=lifespan)


@sockets.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
    try:
        await ws.send("too late")
    except ConnectionClosed as closed:
        ends.append((ws.code, closed.reason))


@sockets.websocket("/about")
@sockets.websocket("/about/{name}")
async def about(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    found = [request.root_path, request.path, request.raw_path.decode(), request.path_params.get("name")]
    await request.web_socket.send(json.dumps([*found, request.state.get("motto")]))


@sockets.websocket("/subprotocol")
async def subprotocol(request: WebSocketRequest) -> None:
    await request.web_socket.accept(request.subprotocols[1])


@sockets.websocket("/headers")
async def headers(request: WebSocketRequest) -> None:
    await request.web_socket.accept(headers=[("x-label", "blue"), ("x-label", "red")])


@sockets.websocket("/deny")
async def deny(request: WebSocketRequest) -> None:
    await request.deny(401, [("www-authenticate", "Bearer")], "who are you?")


@sockets.websocket("/fail")
async def fail(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    raise LookupError("no database")
