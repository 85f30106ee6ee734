"""The server with one app that `anysocket cost --whole` starts, usually under callgrind.

The arguments are what is served, a name in `RAW` or `BESIDE` or that of a server with an anysocket
app, and the event loop. It prints its port to stdout. SIGUSR1 ends a count, and the server prints it:
with the allocations of each line if memory is traced.
"""

import asyncio
import signal
import socket
import sys
import tracemalloc
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import uvicorn
from hypercorn.asyncio import serve as hypercorn_serve  # pyright: ignore[reportUnknownVariableType]  # half typed
from hypercorn.config import Config

from anysocket import Application, WebSocket, WebSocketRequest, broadcast
from anysocket.asgi import Receive, Scope, Send
from anysocket_adapters import loops
from anysocket_adapters.options import Loop
from anysocket_adapters.serving.serving import serve
from anysocket_adapters.uvicorn.native import UvicornConnection
from anysocket_matrix.cost.beside import BESIDE
from anysocket_matrix.cost.callgrind import mark
from anysocket_matrix.cost.memory import allocated

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework
    from uvicorn.config import WSProtocolType


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


async def _serve_raw_on_uvicorn(ws: "type[asyncio.Protocol] | WSProtocolType") -> None:
    config = uvicorn.Config(
        raw,
        ws=ws,
        lifespan="off",
        proxy_headers=False,
        log_level="warning",
        ws_ping_interval=None,
    )
    listener = _listening()
    async with _marking():
        await uvicorn.Server(config).serve(sockets=[listener])


async def _serve_raw_on_hypercorn() -> None:
    config = Config()
    listener = _listening()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "warning"
    async with _marking():
        await hypercorn_serve(cast("ASGIFramework", raw), config, shutdown_trigger=asyncio.Event().wait)


def _listening() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(listener.getsockname()[1], flush=True)
    return listener


RAW: Mapping[str, Callable[[], Coroutine[None, None, None]]] = {
    "uvicorn-raw": lambda: _serve_raw_on_uvicorn("websockets-sansio"),
    "own-raw": lambda: _serve_raw_on_uvicorn(UvicornConnection),
    "hypercorn-raw": _serve_raw_on_hypercorn,
}


async def _serve_beside(serve_on: Callable[[socket.socket], Coroutine[None, None, None]]) -> None:
    async with _marking():
        await serve_on(_listening())


def main(served: str, loop: Loop) -> None:
    """Serve."""
    setattr(uvicorn.Server, "main_loop", _without_ticks)  # noqa: B010 - checkers see no method replaced
    if served in RAW:
        loops.run(loop, RAW[served])
    elif served in BESIDE:
        loops.run(loop, lambda: _serve_beside(BESIDE[served]))
    else:
        serve(
            application,
            served,
            port=0,
            loop=loop,
            log_level="error",  # granian writes its warnings to stdout
            ping_interval=0,
            ready=lambda url, _: print(urlsplit(url).port, flush=True),
        )


if __name__ == "__main__":
    main(sys.argv[1], cast("Loop", sys.argv[2]))
