"""ASGI 3.0: the types of its three callables and of their events.

https://asgi.readthedocs.io/en/latest/specs/main.html
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import NotRequired, TypeAlias, TypedDict

__all__ = [
    "ASGIApp",
    "ASGIEvent",
    "Receive",
    "ReceiveEvent",
    "Scope",
    "Send",
    "SendEvent",
    "WebSocketEvent",
]

Scope: TypeAlias = MutableMapping[str, object]
ASGIEvent: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[ASGIEvent]]
Send: TypeAlias = Callable[[ASGIEvent], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Binary: TypeAlias = bytes


class WebSocketEvent(TypedDict):
    """A message in either direction, or the end of the connection.

    ASGI's websocket.receive, websocket.send and websocket.disconnect
    (https://asgi.readthedocs.io/en/latest/specs/www.html#receive-receive-event).
    """

    type: str
    text: NotRequired[str | None]
    bytes: NotRequired[Binary | None]
    code: NotRequired[int | None]
    reason: NotRequired[str | None]


ReceiveEvent: TypeAlias = Callable[[], Awaitable[WebSocketEvent]]
SendEvent: TypeAlias = Callable[[WebSocketEvent], Awaitable[None]]


def below(root_path: str, path: str) -> str:
    """Give the path without the root path, which some servers and mounting frameworks leave before it."""
    if root_path and (path == root_path or path.startswith(root_path + "/")):
        return path[len(root_path) :] or "/"
    return path
