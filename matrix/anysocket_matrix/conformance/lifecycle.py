"""The app of the lifecycle cases: its handlers print to standard output, which is the server's log."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from anysocket import Application, WebSocketRequest

app: Application = Application()


@app.websocket("/patient")
async def patient(request: WebSocketRequest) -> None:
    """Receive until the end, then take a moment more."""
    ws = request.web_socket
    await ws.accept()
    await ws.send(str(os.getpid()))
    while await ws.receive() is not None:
        pass
    await anyio.sleep(0.2)
    print("the handler saw", ws.code, flush=True)


@app.websocket("/deaf")
async def deaf(request: WebSocketRequest) -> None:
    """Never end, whatever the peer and the server want."""
    ws = request.web_socket
    await ws.accept()
    await ws.send("here")
    await anyio.sleep_forever()


@app.websocket("/slow")
async def slow(request: WebSocketRequest) -> None:
    """Wait for a long time before accepting."""
    print("thinking", flush=True)
    await anyio.sleep(5)
    await request.web_socket.accept()


@app.websocket("/flood")
async def flood(request: WebSocketRequest) -> None:
    """Send without end, and print when a send waits."""
    ws = request.web_socket
    await ws.accept()
    while True:
        with anyio.move_on_after(0.2) as scope:
            await ws.send(bytes(100_000))
        if scope.cancelled_caught:
            print("the peer doesn't read", flush=True)
            await ws.send(bytes(100_000))


@app.websocket("/busy")
async def busy(request: WebSocketRequest) -> None:
    """Receive nothing for a while, then count the messages."""
    ws = request.web_socket
    await ws.accept()
    await ws.send("here")
    await anyio.sleep(2)
    count = 0
    while await ws.receive() not in ("last", None):
        count += 1
    print("the handler counted", count, flush=True)
    await ws.send("counted")


@asynccontextmanager
async def no_database() -> AsyncGenerator[None, None]:
    """Fail at startup."""
    raise LookupError("no database")
    yield


never: Application = Application(lifespan=no_database)
