"""Echoes without sockets, raw and with anysocket: the process that `anysocket cost` runs under callgrind."""

import asyncio
import json
import sys
from typing import cast

import msgspec

from anysocket import Application, Connection, WebSocketRequest
from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send
from anysocket_matrix.cost.callgrind import mark
from anysocket_matrix.cost.peers import peer, started


class Said(msgspec.Struct):
    """A message of a chat."""

    user: str
    text: str


# One object for all messages, because making events is the server's work.
TEXT: ASGIEvent = {"type": "websocket.receive", "text": "x" * 32}
JSON: ASGIEvent = {
    "type": "websocket.receive",
    "text": msgspec.json.encode(Said("ada", "x" * 32)).decode(),
}

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
    """Echo through the five members."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


typed_text: Application = Application()


@typed_text.websocket("/echo")
async def echo_text(ws: Connection[str, str]) -> None:
    """Echo texts."""
    async for message in ws:
        await ws.send(message)


typed_json: Application = Application()


@typed_json.websocket("/echo")
async def echo_json(ws: Connection[Said, Said]) -> None:
    """Echo validated messages."""
    async for message in ws:
        await ws.send(Said(message.user, message.text))


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """Echo directly over ASGI, written by hand."""
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


async def raw_json(scope: Scope, receive: Receive, send: Send) -> None:
    """Echo JSON with the standard library, without validation."""
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            break
        message = json.loads(cast("str", event["text"]))
        answer = {"user": message["user"], "text": message["text"]}
        await send({"type": "websocket.send", "text": json.dumps(answer)})
    await send({"type": "websocket.close", "code": 1000})


class Workload(msgspec.Struct, frozen=True):
    """An app, its messages, and the app that it is compared with."""

    app: ASGIApp
    message: ASGIEvent
    raw: str
    suspends: bool = False
    """Whether each receive suspends its task, as a server's does that waits for the peer."""


WORKLOADS: dict[str, Workload] = {
    "raw": Workload(raw, TEXT, "raw"),
    "anysocket": Workload(anysocket, TEXT, "raw"),
    "Connection[str, str]": Workload(typed_text, TEXT, "raw"),
    "raw, json": Workload(raw_json, JSON, "raw, json"),
    "Connection[Said, Said]": Workload(typed_json, JSON, "raw, json"),
}


RAW_SUSPENDING = "raw, suspending"

SUSPENDING: dict[str, Workload] = {
    RAW_SUSPENDING: Workload(raw, TEXT, RAW_SUSPENDING, suspends=True),
    "anysocket, suspending": Workload(anysocket, TEXT, RAW_SUSPENDING, suspends=True),
}
"""Those that other frameworks are compared with: some have a task that receives, beside the handler."""


def workload(name: str) -> Workload:
    """Return a workload of anysocket, or of another framework."""
    known = WORKLOADS.get(name) or SUSPENDING.get(name)
    return known or Workload(peer(name), TEXT, RAW_SUSPENDING, suspends=True)


async def deliver(workload: Workload, connections: int, messages: int) -> None:
    """Act as the server: deliver messages to each of many connections."""
    for _ in range(connections):
        left = messages
        connected = False

        async def receive() -> ASGIEvent:
            nonlocal connected, left
            if not connected:
                connected = True
                return {"type": "websocket.connect"}
            left -= 1
            if workload.suspends:
                await asyncio.sleep(0)
            return workload.message if left >= 0 else {"type": "websocket.disconnect", "code": 1000}

        async def send(event: ASGIEvent) -> None:
            pass

        await workload.app(dict(SCOPE), receive, send)


MESSAGES = (500, 1_500)
CONNECTIONS = (100, 300)


async def main(workload: Workload) -> None:
    """Act as the server for a warm-up, in which Python specialises its bytecode, and then for each count."""
    async with started(workload.app):
        await deliver(workload, 50, 5)
        mark()
        for messages in MESSAGES:
            await deliver(workload, 1, messages)
            mark()
        for connections in CONNECTIONS:
            await deliver(workload, connections, 0)
            mark()


if __name__ == "__main__":
    asyncio.run(main(workload(sys.argv[1])))
