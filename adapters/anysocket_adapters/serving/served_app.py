"""An app as `serve` and `running` hand it to a server: with what they must know of it."""

import importlib
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import cast

import anyio

from anysocket import Application, discovery
from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket.session.websocket import MAX_MESSAGE_SIZE
from anysocket.supervision.open_sessions import OPEN_SESSIONS, OpenSessions, current_task
from anysocket.transport import Transport, TransportApp
from anysocket_adapters.normalise import Normalised, normalise
from anysocket_adapters.options import Options

ENVIRONMENT = "ANYSOCKET_SERVED"
"""How a server that starts its own workers passes on what to serve."""


class ServedApp:
    """An app that also tells whether it is ready, and whose connections can be ended.

    A request for `/` and the token, which nobody else knows, is answered here: then the
    server has truly started, its address is reachable, and the app's lifespan has begun.
    """

    def __init__(self, app: ASGIApp, token: str, options: Options) -> None:
        limit = options.max_message_size
        if isinstance(app, Application):
            app.max_message_size = limit or app.max_message_size
        elif options.normalise:
            app = normalise(app, max_message_size=limit or MAX_MESSAGE_SIZE)
        self._app = app
        # Once, since `isinstance` of a protocol is dear.
        self._handle = app.handle if isinstance(app, TransportApp) else normalise(app).handle
        # Without the coroutine of its `__call__`, which a subclass may have replaced.
        self._handle_asgi: Callable[[Transport, Scope], Awaitable[None]] | None = None
        if isinstance(app, Application | Normalised) and type(app).__call__ in _CALLS:
            self._handle_asgi = app.handle
        self._token = token
        self.root_path: str = options.root_path
        self._grace = options.graceful_timeout
        self._live = OpenSessions()
        self._scopes: set[anyio.CancelScope] = set()
        self._in_scopes = True
        """Whether it takes a scope to cancel a connection: on asyncio `OpenSessions` cancels its task."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # What serves it is returned as it is: every connection would keep a coroutine around it.
        kind = scope["type"]
        if kind == "websocket":
            if OPEN_SESSIONS.get() is not self._live:
                self.begin()
            if self._in_scopes or self._handle_asgi is None:
                return self._in_a_scope(self._app(scope, receive, send))
            return self._handle_asgi(discovery.connect(scope, receive, send), scope)
        if kind == "http" and str(scope["path"]).endswith(self._token):
            return _no_content(send)
        return self._app(scope, receive, send)

    def handle(self, transport: Transport) -> Awaitable[None]:
        """Serve a WebSocket of a server that doesn't speak ASGI."""
        if OPEN_SESSIONS.get() is not self._live:
            self.begin()
        serving = self._handle(discovery.recorded(transport))
        return self._in_a_scope(serving) if self._in_scopes else serving

    def begin(self) -> None:
        """Have the connections of this context within reach, and of those that are copied from it.

        A context of its own costs a connection 136 bytes: it has one where the server doesn't run
        it in a copy of that in which it serves.
        """
        OPEN_SESSIONS.set(self._live)
        self._in_scopes = self._handle_asgi is None or current_task() is None

    async def drain(self) -> None:
        """Close every connection with 1001, and give the handlers their grace (contract L2)."""
        with anyio.move_on_after(self._grace):
            await self._live.drain()

    def cancel_connections(self) -> None:
        """End what outlasts its grace."""
        if not self._in_scopes:
            self._live.cancel()
        for each in tuple(self._scopes):
            each.cancel()

    async def _in_a_scope(self, serving: Awaitable[None]) -> None:
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                await serving
            finally:
                self._scopes.discard(scope)


_CALLS = (Application.__call__, Normalised.__call__)


async def _no_content(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


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


def to_environment(target: str, token: str, options: Options) -> None:
    """Leave for `from_environment`, in this process or a child, what to serve."""
    passed_on = options.max_message_size, options.graceful_timeout, options.root_path, options.normalise
    os.environ[ENVIRONMENT] = json.dumps([target, token, *passed_on])


def from_environment() -> ServedApp:
    """Make the app that `to_environment` described."""
    target, token, limit, grace, root_path, normalised = json.loads(os.environ[ENVIRONMENT])
    options = Options(
        max_message_size=limit, graceful_timeout=grace, root_path=root_path, normalise=normalised
    )
    return ServedApp(load(target), token, options)
