"""An echo of 32 bytes in process, raw or through anysocket: what `anysocket cost` runs under callgrind."""

import asyncio
import sys

from anysocket import Application, WebSocketRequest
from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send

MESSAGE: ASGIEvent = {"type": "websocket.receive", "text": "x" * 32}
"""One object for all: making events is the server's work."""

SCOPE: Scope = {
    "type": "websocket",
    "asgi": {"version": "3.0", "spec_version": "2.4"},
    "http_version": "1.1",
    "scheme": "ws",
    "path": "/echo",
    "raw_path": b"/echo",
    "query_string": b"",
    "headers": [(b"host", b"localhost")],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
    "subprotocols": [],
    "state": {},
    "extensions": {"websocket.http.response": {}},
}

anysocket: Application = Application()


@anysocket.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    """Echo through anysocket."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """Echo with nothing in between, as one writes it by hand."""
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            break
        text = event.get("text")
        if text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": event["bytes"]})
    await send({"type": "websocket.close", "code": 1000})


APPS: dict[str, ASGIApp] = {"raw": raw, "anysocket": anysocket}


async def serve(app: ASGIApp, connections: int, messages: int) -> None:
    """Be the server: deliver so many messages to each of so many connections."""
    for _ in range(connections):
        left = messages
        connected = False

        async def receive() -> ASGIEvent:
            nonlocal connected, left
            if not connected:
                connected = True
                return {"type": "websocket.connect"}
            left -= 1
            return MESSAGE if left >= 0 else {"type": "websocket.disconnect", "code": 1000}

        async def send(event: ASGIEvent) -> None:
            pass

        await app(dict(SCOPE), receive, send)


if __name__ == "__main__":
    asyncio.run(serve(APPS[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])))
