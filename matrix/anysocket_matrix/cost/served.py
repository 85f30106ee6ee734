"""The server with one app that `anysocket cost --whole` starts, usually under callgrind.

With the argument `raw` it is uvicorn with an app written by hand, otherwise the server of that name
with an anysocket app. It prints its port to stdout. SIGUSR1 ends a count, and the server prints it:
with the allocations of each line if memory is traced.
"""

import asyncio
import signal
import socket
import sys
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

import uvicorn

from anysocket import Application, WebSocket, WebSocketRequest, broadcast
from anysocket.asgi import Receive, Scope, Send
from anysocket_adapters.serving.serving import serve
from anysocket_matrix.cost.callgrind import mark
from anysocket_matrix.cost.memory import allocated


@asynccontextmanager
async def _marking() -> AsyncGenerator[None, None]:
    """End a count at each SIGUSR1."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _mark)
    yield


def _mark() -> None:
    mark()
    answer = allocated() if tracemalloc.is_tracing() else "marked"
    print(answer, flush=True)


application: Application = Application(lifespan=_marking)
room: set[WebSocket] = set()


@application.websocket("/echo/{name}")
async def echo(request: WebSocketRequest, name: str) -> None:
    """Echo."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


@application.websocket("/push/{name}")
async def push(request: WebSocketRequest, name: str) -> None:
    """Send as many messages as each message asks for."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        for _ in range(int(message)):
            await ws.send(TEXT)


@application.websocket("/room/{name}")
async def talk(request: WebSocketRequest, name: str) -> None:
    """Send each message to all connections of the room."""
    ws = request.web_socket
    await ws.accept()
    room.add(ws)
    while (message := await ws.receive()) is not None:
        await broadcast(room, message)
    room.discard(ws)


async def _unused(request: WebSocketRequest, name: str) -> None:
    await request.deny()


for _number in range(7):
    application.websocket(f"/unused{_number}/{{name}}")(_unused)

TEXT = "x" * 32

raw_room: set[Send] = set()


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """Do the same, written by hand."""
    if scope["type"] != "websocket":
        return
    kind = cast("str", scope["path"]).split("/")[1]
    await receive()
    await send({"type": "websocket.accept"})
    if kind == "room":
        raw_room.add(send)
    while (event := await receive())["type"] != "websocket.disconnect":
        text = event.get("text")
        if kind == "push":
            for _ in range(int(cast("str", text))):
                await send({"type": "websocket.send", "text": TEXT})
        elif kind == "room":
            for each in raw_room:
                await each({"type": "websocket.send", "text": text})
        elif text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": event["bytes"]})
    raw_room.discard(send)


async def _without_ticks(server: uvicorn.Server) -> None:
    """Wait for ever: uvicorn wakes up about ten times a second, so its instructions would grow with time."""
    await server.on_tick(0)
    await asyncio.Event().wait()


async def _serve_raw() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    config = uvicorn.Config(
        raw,
        loop="asyncio",
        ws="websockets-sansio",
        lifespan="off",
        proxy_headers=False,
        log_level="warning",
        ws_ping_interval=None,
    )
    print(listener.getsockname()[1], flush=True)
    async with _marking():
        await uvicorn.Server(config).serve(sockets=[listener])


def main(served: str) -> None:
    """Serve."""
    setattr(uvicorn.Server, "main_loop", _without_ticks)  # noqa: B010 - checkers see no method replaced
    if served == "raw":
        asyncio.run(_serve_raw())
    else:
        serve(
            application,
            served,
            port=0,
            log_level="error",  # granian writes its warnings to stdout
            ping_interval=0,
            ready=lambda url, _: print(urlsplit(url).port, flush=True),
        )


if __name__ == "__main__":
    main(sys.argv[1])
