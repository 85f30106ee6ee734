"""Any ASGI application behind the same seam: it sees one server, whichever it runs on.

Its events go through the adapter of the server and the core's state machine, so everything that
the contract promises to a handler holds for it too, in the terms of ASGI
(https://asgi.readthedocs.io/en/latest/specs/www.html#websocket, version 2.5).
"""

from functools import partial
from urllib.parse import unquote_to_bytes

from anysocket import discovery, handler, live
from anysocket.asgi import ASGIApp, Receive, Scope, Send, below
from anysocket.handshake import Handshake
from anysocket.session import Session
from anysocket.transport import Transport
from anysocket.websocket import CLOSE_TIMEOUT, MAX_MESSAGE_SIZE
from anysocket_adapters.asgi_connection import ASGIConnection


def normalise(
    app: ASGIApp, *, max_message_size: int = MAX_MESSAGE_SIZE, close_timeout: float = CLOSE_TIMEOUT
) -> "Normalised":
    """Wrap an ASGI application so that its WebSockets behave the same on every server.

    http and lifespan pass through untouched.

    Args:
        app: any ASGI 3 application.
        max_message_size: bytes in one message; above it the peer sees 1009 (contract M3).
        close_timeout: seconds that a close waits for a silent peer (contract C3).
    """
    return Normalised(app, max_message_size, close_timeout)


class Normalised:
    """What `normalise` makes of an ASGI application: one again, that runs over any transport."""

    def __init__(self, app: ASGIApp, max_message_size: int, close_timeout: float) -> None:
        self._app = app
        self._max_message_size = max_message_size
        self._close_timeout = close_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection, whichever server it comes from."""
        if scope["type"] == "websocket":
            await self._serve(discovery.connect(scope, receive, send), scope)
        else:
            await self._app(scope, receive, send)

    async def handle(self, transport: Transport) -> None:
        """Serve one connection over any transport."""
        await self._serve(transport, {})

    async def _serve(self, transport: Transport, scope: Scope) -> None:
        """Serve, keeping the keys that only the server itself knows."""
        handshake = transport.handshake
        session = Session(
            transport, max_message_size=self._max_message_size, close_timeout=self._close_timeout
        )
        connection = ASGIConnection(session, handshake)
        call = partial(self._app, _scope(scope, handshake), connection.receive, connection.send)
        await live.run(session, partial(handler.run, call, session, handshake.path))


def _path(handshake: Handshake) -> str:
    """Put the root path before the path, unless the peer has sent it there.

    Quart, Channels and what Starlette mounts look for it there.
    """
    path = unquote_to_bytes(handshake.raw_path).decode("utf-8", "replace")
    sent = below(handshake.root_path, path) != path
    return path if sent else handshake.root_path + path


def _scope(scope: Scope, handshake: Handshake) -> Scope:
    return {
        **scope,
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": handshake.http_version,
        "scheme": handshake.scheme,
        "path": _path(handshake),
        "raw_path": handshake.raw_path,
        "query_string": handshake.query_string,
        "root_path": handshake.root_path,
        "headers": [(name, value) for name, value in handshake.headers],
        "client": handshake.client,
        "server": handshake.server,
        "subprotocols": list(handshake.subprotocols),
        "state": handshake.state,
        "extensions": {"websocket.http.response": {}},
    }
