"""An app as `serve` and `running` hand it to a server: with what they must know of it."""

import asyncio
import importlib
import json
import os
import sys
from typing import cast

from anysocket import Application
from anysocket.asgi import ASGIApp, Receive, Scope, Send

ENVIRONMENT = "ANYSOCKET_SERVED"
"""How a server that starts its own workers passes on what to serve."""


class Served:
    """An app that also tells whether it is ready, and whose connections can be ended.

    A request for `/` and the token, which nobody else knows, is answered here: then the
    server has truly started, its address is reachable, and the app's lifespan has begun.
    """

    def __init__(self, app: ASGIApp, token: str, max_message_size: int | None) -> None:
        self._app = app
        self._token = token
        self._connections: set[asyncio.Task[object]] = set()
        if max_message_size is not None and isinstance(app, Application):
            app.max_message_size = max_message_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and str(scope["path"]).endswith(self._token):
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        task = cast("asyncio.Task[object]", asyncio.current_task())  # an ASGI app runs in a task
        self._connections.add(task)
        try:
            await self._app(scope, receive, send)
        finally:
            self._connections.discard(task)

    def cancel_connections(self) -> None:
        """End what outlasted its grace."""
        for task in tuple(self._connections):
            task.cancel("the graceful timeout has passed")


def load(target: str) -> ASGIApp:
    """Import an app by `module:attribute`, from the working directory too.

    Raises:
        ValueError: there is no such module or attribute, or it can't be called.
    """
    module_name, colon, attribute = target.partition(":")
    if not module_name or not colon or not attribute:
        raise ValueError(f"app {target!r} must be given as module:attribute, such as chat:app")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # a module that the app's own module needs
        raise ValueError(f"there is no module {module_name!r} here or among the installed ones") from None
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise ValueError(f"module {module_name!r} has no attribute {attribute!r}")
        found = getattr(found, name)
    if not callable(found):
        raise ValueError(f"{target} is no ASGI app: it can't be called")
    return cast("ASGIApp", found)  # whether it takes scope, receive and send shows when it is called


def to_environment(target: str, token: str, max_message_size: int | None) -> None:
    """Leave for `from_environment`, in this process or a child, what to serve."""
    os.environ[ENVIRONMENT] = json.dumps([target, token, max_message_size])


def from_environment() -> Served:
    """Make the app that `to_environment` described."""
    target, token, max_message_size = json.loads(os.environ[ENVIRONMENT])
    return Served(load(target), token, max_message_size)
