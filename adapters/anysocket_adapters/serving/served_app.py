"""The app that a server gets: it answers the readiness request, and its connections can be ended."""

import importlib
import json
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import anyio

from anysocket import Application, discovery
from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket.handshake import Address
from anysocket.supervision.open_sessions import OPEN_SESSIONS, OpenSessions, current_task
from anysocket.transport import Transport, TransportApp
from anysocket_adapters.normalise import Normalised, normalise
from anysocket_adapters.options import Options, from_json, to_json
from anysocket_adapters.registry import with_limit_of
from anysocket_adapters.serving.admission import Admission

ENVIRONMENT = "ANYSOCKET_SERVED"
"""The environment variable that tells each worker process what to serve."""


class ServedApp:
    """Wraps an app with a readiness endpoint, the options' message limit, and a graceful end.

    It answers a request for `/` and the secret token itself. An answer proves that the server has
    started, that its address can be reached, and that the app's lifespan has begun.
    """

    def __init__(self, app: ASGIApp, token: str, options: Options) -> None:
        if options.normalise:
            app = normalise(app)
        self.options: Options = with_limit_of(app, options)
        """How it is served."""
        self._app = app
        # Once: `isinstance` with a protocol is slow.
        self._handle = app.handle if isinstance(app, TransportApp) else normalise(app).handle
        # Without the coroutine of its `__call__`, unless a subclass has replaced that.
        self._handle_asgi: Callable[[Transport, Scope], Awaitable[None]] | None = None
        if isinstance(app, Application | Normalised) and type(app).__call__ in _CALLS:
            self._handle_asgi = app.handle
        self._token = token
        self._admission: Admission | None = None
        if options.max_connections is not None or options.max_connections_per_address is not None:
            self._admission = Admission(options.max_connections, options.max_connections_per_address)
        self._live = OpenSessions(options.max_message_size)
        self._scopes: set[anyio.CancelScope] = set()
        self._in_scopes = True
        """Whether it takes a scope to cancel a connection: on asyncio `OpenSessions` cancels its task."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # Not a coroutine function: each connection would keep one more coroutine.
        kind = scope["type"]
        if kind == "websocket":
            if OPEN_SESSIONS.get() is not self._live:
                self.begin()
            if self._admission is not None:
                serve = partial(self._serve, scope, receive, send)
                transport = partial(discovery.connect, scope, receive, send)
                return self._admission.admit(cast("Address | None", scope.get("client")), serve, transport)
            return self._serve(scope, receive, send)
        if kind == "http" and str(scope["path"]).endswith(self._token):
            return _no_content(send)
        return self._app(scope, receive, send)

    def _serve(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._in_scopes or self._handle_asgi is None:
            return self._in_a_scope(self._app(scope, receive, send))
        return self._handle_asgi(discovery.connect(scope, receive, send), scope)

    def handle(self, transport: Transport) -> Awaitable[None]:
        """Serve a WebSocket of a server that doesn't speak ASGI."""
        if OPEN_SESSIONS.get() is not self._live:
            self.begin()
        if self._admission is not None:
            serve = partial(self._serve_over, transport)
            return self._admission.admit(transport.handshake.client, serve, lambda: transport)
        return self._serve_over(transport)

    def _serve_over(self, transport: Transport) -> Awaitable[None]:
        serving = self._handle(discovery.recorded(transport))
        return self._in_a_scope(serving) if self._in_scopes else serving

    def begin(self) -> None:
        """Mark this context, and so its copies, as the context of this app's connections.

        A server that doesn't run its connections in copies of it needs one call for each. That
        costs a connection 136 bytes.
        """
        OPEN_SESSIONS.set(self._live)
        self._in_scopes = self._handle_asgi is None or current_task() is None

    async def drain(self) -> None:
        """Close every connection with 1001, and wait for the handlers' ends (contract L2).

        Waits for the graceful timeout at most.
        """
        with anyio.move_on_after(self.options.graceful_timeout):
            await self._live.drain()

    def cancel_connections(self) -> None:
        """Cancel the handlers that haven't ended within the graceful timeout."""
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


def load(target: str, *, factory: bool = False) -> ASGIApp:
    """Import an app by `module:attribute`; the working directory is searched too.

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
        if error.name == "msgspec":  # an extra of ours
            raise ValueError(f"{module_name} needs msgspec: pip install 'anysocket[msgspec]'") from None
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # another module that the app's own module imports
        raise ValueError(f"there is no module {module_name!r} here or among the installed ones") from None
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise ValueError(f"module {module_name!r} has no attribute {attribute!r}")
        found = getattr(found, name)
    if not callable(found):
        raise ValueError(f"{target} is no ASGI app: it can't be called")
    if factory:
        found = found()
    return cast("ASGIApp", found)  # whether it takes scope, receive and send shows when it is called


def to_environment(target: str, token: str, options: Options) -> None:
    """Tell `from_environment`, in this process and its children, what to serve."""
    os.environ[ENVIRONMENT] = json.dumps([target, token, to_json(options.values)])


def from_environment() -> ServedApp:
    """Make the app that `to_environment` described."""
    target, token, values = json.loads(os.environ[ENVIRONMENT])
    options = Options(**from_json(values))
    return ServedApp(load(target, factory=options.factory), token, options)
