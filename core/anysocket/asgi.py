"""The three callables of ASGI 3.0 as types (https://asgi.readthedocs.io/en/latest/specs/main.html)."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TypeAlias

Scope: TypeAlias = MutableMapping[str, object]
ASGIEvent: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[ASGIEvent]]
Send: TypeAlias = Callable[[ASGIEvent], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
