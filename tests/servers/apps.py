"""The apps of the serving tests."""

import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from anysocket import Application, WebSocketRequest
from anysocket.asgi import Receive, Scope, Send

app = Application()


@app.websocket("/pid")
async def pid(request: WebSocketRequest) -> None:
    """Return this process's id."""
    await request.web_socket.accept()
    await request.web_socket.send(str(os.getpid()))


@app.websocket("/request")
async def about(request: WebSocketRequest) -> None:
    """Describe the request."""
    await request.web_socket.accept()
    for field in (request.root_path, request.path, request.scheme, str(request.client)):
        await request.web_socket.send(field)


@app.websocket("/deaf")
async def deaf(request: WebSocketRequest) -> None:
    """Never end, whatever the peer and the server want."""
    await request.web_socket.accept()
    await request.web_socket.send("here")
    await anyio.sleep_forever()


@app.websocket("/patient")
async def patient(request: WebSocketRequest) -> None:
    """Wait for the end, and print it to standard output."""
    ws = request.web_socket
    await ws.accept()
    await ws.send("here")
    while await ws.receive() is not None:
        pass
    print("the handler saw", ws.code, flush=True)


async def of_another_framework(scope: Scope, receive: Receive, send: Send) -> None:
    """Wait for the end and print it, as a raw ASGI app."""
    if scope["type"] != "websocket":
        raise ValueError(f"nothing here for {scope['type']}")
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "here"})
    if scope["path"] == "/brief":
        return
    while (event := await receive())["type"] != "websocket.disconnect":
        pass
    print("the app saw", event["code"], flush=True)


@asynccontextmanager
async def no_database() -> AsyncGenerator[None, None]:
    raise LookupError("no database")
    yield


never = Application(lifespan=no_database)


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    """Fail within the answer to an http request, and after accepting a WebSocket, as a raw ASGI app."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
    else:
        await receive()
        await send({"type": "websocket.accept"})
    raise LookupError("not there")


@app.websocket("/blocking")
async def blocking(request: WebSocketRequest) -> None:
    """Block the event loop with a synchronous call, for longer than any test."""
    await request.web_socket.accept()
    await request.web_socket.send(str(os.getpid()))
    await anyio.sleep(0.05)  # for the message to leave
    time.sleep(60)  # noqa: ASYNC251  # the mistake that is meant


@app.websocket("/swallows")
async def swallows(request: WebSocketRequest) -> None:
    """Refuse to be cancelled."""
    await request.web_socket.accept()
    await request.web_socket.send("here")
    while True:
        try:
            await anyio.sleep_forever()
        except BaseException:
            continue


@app.websocket("/ignores")
async def ignores(request: WebSocketRequest) -> None:
    """Ignore the end in a loop."""
    ws = request.web_socket
    await ws.accept()
    await ws.send("here")
    while True:
        message = await ws.receive()
        if message is not None:
            await ws.send(message)


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    """Send everything back."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


@app.websocket("/echo_of_pid")
async def echo_of_pid(request: WebSocketRequest) -> None:
    """Return this process's id, then what comes."""
    ws = request.web_socket
    await pid(request)
    while (message := await ws.receive()) is not None:
        await ws.send(message)


@app.websocket("/raises")
async def raises(request: WebSocketRequest) -> None:
    """Raise what the peer has sent."""
    await request.web_socket.accept()
    raise LookupError(await request.web_socket.receive())


def make() -> Application:
    return app
