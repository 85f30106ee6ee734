"""`normalise`: any ASGI application sees the same events on every server.

Its events go through the server's adapter and the core's state machine. So the contract's promises
hold for it too, in the terms of ASGI
(https://asgi.readthedocs.io/en/latest/specs/www.html#websocket, version 2.5).
"""

from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Never

from anysocket import discovery
from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket.asgi_app.events import Events
from anysocket.asgi_app.scope import scope_of
from anysocket.http.origins import Origins
from anysocket.session.session import Session
from anysocket.session.websocket import CLOSE_TIMEOUT, MAX_MESSAGE_SIZE
from anysocket.supervision import handler
from anysocket.transport import Transport


def normalise(
    app: ASGIApp,
    *,
    origins: Iterable[str] | None = "*",
    max_message_size: int = MAX_MESSAGE_SIZE,
    close_timeout: float = CLOSE_TIMEOUT,
) -> "Normalised":
    """Wrap an ASGI application so that its WebSockets behave the same on every server.

    http and lifespan pass through untouched.

    Args:
        app: any ASGI 3 application.
        origins: the web pages that may connect, as for `Application`; None for the pages of the same
            host. By default every page: most frameworks have a check of their own.
        max_message_size: bytes in one message; above it the peer sees 1009 (contract M3).
        close_timeout: seconds that a close waits for a silent peer (contract C3).

    Raises:
        ValueError: one of `origins` isn't an origin.
    """
    return Normalised(app, Origins(origins), max_message_size, close_timeout)


class Normalised:
    """A normalised application: an ASGI application that also runs over any transport."""

    def __init__(self, app: ASGIApp, origins: Origins, max_message_size: int, close_timeout: float) -> None:
        self._app = app
        self._origins = origins
        self.max_message_size: int = max_message_size
        self._close_timeout = close_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection on any server."""
        if scope["type"] == "websocket":
            await self.handle(discovery.connect(scope, receive, send), scope)
        else:
            await self._app(scope, receive, send)

    def handle(self, transport: Transport, scope: Scope | None = None) -> Coroutine[object, Never, None]:
        """Serve one connection over any transport.

        Args:
            transport: the connection.
            scope: the scope of a server that speaks ASGI; its own keys are passed on.
        """
        handshake = transport.handshake
        session = Session(transport, self.max_message_size, self._close_timeout)
        if (origin := self._origins.refused(handshake.headers)) is not None:
            return handler.refuse(session, 403, f"pages of {origin} may not connect")
        events = Events(session, handshake)
        call = partial(self._app, scope_of(handshake, scope or {}), events.receive, events.send)
        return handler.run(call, session)
