"""The app in raw ASGI, written by hand: all other apps are compared with it."""

import gc
import json
from typing import cast

import msgspec

from anysocket.asgi import Receive, Scope, Send

_members: set[Send] = set()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a connection by its path."""
    if scope["type"] != "websocket":
        raise NotImplementedError("neither http nor lifespan is supported")
    await receive()
    path = cast("str", scope["path"])
    if path == "/collect":
        gc.collect()
    await send({"type": "websocket.accept"})
    if path.startswith("/connect/"):
        int(path.removeprefix("/connect/"))
    elif path == "/echo":
        await _echo(receive, send)
    elif path == "/push":
        await _push(receive, send)
    elif path == "/json":
        await _json(receive, send)
    elif path == "/msgpack":
        await _msgpack(receive, send)
    elif path == "/broadcast":
        await _broadcast(receive, send)
    await send({"type": "websocket.close", "code": 1000})


async def _echo(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            break
        text = event.get("text")
        if text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": event["bytes"]})


async def _push(receive: Receive, send: Send) -> None:
    while (event := await receive())["type"] != "websocket.disconnect":
        for _ in range(int(cast("str", event["text"]))):
            await send({"type": "websocket.send", "text": "x" * 32})


async def _json(receive: Receive, send: Send) -> None:
    while (event := await receive())["type"] != "websocket.disconnect":
        said = json.loads(cast("str", event["text"]))
        answer = {"user": said["user"], "text": said["text"]}
        await send({"type": "websocket.send", "text": json.dumps(answer)})


async def _msgpack(receive: Receive, send: Send) -> None:
    while (event := await receive())["type"] != "websocket.disconnect":
        said = msgspec.msgpack.decode(cast("bytes", event["bytes"]))
        answer = {"user": said["user"], "text": said["text"]}
        await send({"type": "websocket.send", "bytes": msgspec.msgpack.encode(answer)})


async def _broadcast(receive: Receive, send: Send) -> None:
    _members.add(send)
    try:
        await send({"type": "websocket.send", "text": "joined"})
        while (event := await receive())["type"] != "websocket.disconnect":
            for member in tuple(_members):
                await member({"type": "websocket.send", "text": event["text"]})
    finally:
        _members.remove(send)
