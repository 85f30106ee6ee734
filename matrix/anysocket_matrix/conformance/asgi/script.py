"""Scripts: the steps that an ASGI application takes in a case, sent by the case's peer.

A step is an event, which the application sends, or one of the words below. For each event the
application notes "sent", or the kind of exception that was raised instead.
"""

from base64 import b64decode, b64encode
from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeAlias, cast

import anyio
import anyio.lowlevel
import msgspec

from anysocket.asgi import ASGIEvent
from anysocket_matrix.case import App, ASGICall, asgi_app

Event: TypeAlias = dict[str, object]

Step: TypeAlias = str | Event

OPEN = "open"
"""Receive websocket.connect and accept; note nothing."""
RECEIVE = "receive"
"""Receive an event and note it."""
REST = "rest"
"""Receive and note events, up to the disconnect."""
LOOK = "look"
"""Receive for a moment; note the event, or "nothing"."""
GATE = "gate"
"""Wait until the peer opens the gate."""

SENT = "sent"
NOTHING = "nothing"

CONNECT: Event = {"type": "websocket.connect"}

MOMENT = 0.2
"""Seconds in which an event that is there is received."""

CHUNK = 65536
"""Bytes of each message in a long series."""
TOO_MANY = 64 * 1024 * 1024 // CHUNK
"""Number of those messages that is more than the buffers on the way to a peer hold."""


def script(*steps: Step) -> App:
    """Make an application that takes these steps, and then returns."""
    return replace(scripted, script=b64encode(msgspec.msgpack.encode(steps)).decode())


def accept(**fields: object) -> Event:
    """websocket.accept."""
    return {"type": "websocket.accept", **fields}


def send(**fields: object) -> Event:
    """websocket.send."""
    return {"type": "websocket.send", **fields}


def close(**fields: object) -> Event:
    """websocket.close."""
    return {"type": "websocket.close", **fields}


def start(**fields: object) -> Event:
    """websocket.http.response.start."""
    return {"type": "websocket.http.response.start", **fields}


def body(**fields: object) -> Event:
    """websocket.http.response.body."""
    return {"type": "websocket.http.response.body", **fields}


def text(text: str) -> Event:
    """websocket.receive, of a text message."""
    return {"type": "websocket.receive", "text": text}


def binary(data: bytes) -> Event:
    """websocket.receive, of a binary message."""
    return {"type": "websocket.receive", "bytes": data}


def disconnect(code: int, reason: str = "") -> Event:
    """websocket.disconnect."""
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


@asgi_app(close_timeout=2)
async def scripted(asgi: ASGICall) -> None:
    """Take the steps of the script."""
    steps: list[Step] = msgspec.msgpack.decode(b64decode(asgi.script), type=list[Step])
    for step in steps:
        match step:
            case "open":
                await open_connection(asgi)
            case "receive":
                asgi.notes.append(await asgi.receive())
            case "rest":
                await receive_the_rest(asgi)
            case "look":
                asgi.notes.append(await look(asgi))
            case "gate":
                await asgi.notes.gate()
            case _:
                asgi.notes.append(await attempt(asgi.send(_with_pairs(cast("Event", step)))))


def _with_pairs(event: Event) -> Event:
    """Turn header lines back into pairs; MessagePack has turned them into lists."""
    lines = event.get("headers")
    if not isinstance(lines, list):
        return event
    pairs = cast("list[object]", lines)
    return {**event, "headers": [_pair(line) for line in pairs]}


def _pair(line: object) -> object:
    return tuple(cast("list[object]", line)) if isinstance(line, list) else line


async def open_connection(asgi: ASGICall) -> None:
    """Accept after websocket.connect."""
    assert await asgi.receive() == CONNECT
    await asgi.send(accept())


async def receive_the_rest(asgi: ASGICall) -> None:
    """Note every event, the disconnect included."""
    while True:
        event = await asgi.receive()
        asgi.notes.append(event)
        if event["type"] == "websocket.disconnect":
            return


async def look(asgi: ASGICall) -> ASGIEvent | str:
    """Return the next event, if there is one."""
    with anyio.move_on_after(MOMENT):
        return await asgi.receive()
    return NOTHING


async def attempt(sending: Awaitable[None]) -> str:
    """Return "sent", or the built-in kind of the exception that was raised."""
    try:
        await sending
    except Exception as error:
        kinds = (OSError, TypeError, ValueError, RuntimeError)
        return next((each.__name__ for each in kinds if isinstance(error, each)), type(error).__name__)
    return SENT


class Flood:
    """Sends until a send fails, or until more has been sent than the buffers hold."""

    def __init__(self, asgi: ASGICall) -> None:
        self._asgi = asgi
        self._count = 0

    async def send(self) -> str:
        """Send, and return the result of the last send."""
        result = SENT
        while result == SENT and self._count < TOO_MANY:
            result = await attempt(self._asgi.send(send(bytes=bytes(CHUNK))))
            self._count += 1
            await anyio.lowlevel.checkpoint()
        return result

    async def until_none(self) -> None:
        """Wait until no send has returned for a tenth of a second."""
        before = -1
        while before != self._count:
            before = self._count
            await anyio.sleep(0.1)
