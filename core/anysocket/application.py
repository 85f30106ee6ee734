"""An application: routes to handlers, a lifespan, and any ASGI app behind it for http."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from anysocket import discovery, lifespan, live
from anysocket.asgi import ASGIApp, Receive, Scope, Send, below
from anysocket.handler import Handler, run
from anysocket.lifespan import Lifespan
from anysocket.request import WebSocketRequest
from anysocket.routing import Router
from anysocket.session import Session
from anysocket.transport import Transport
from anysocket.websocket import CLOSE_TIMEOUT, MAX_MESSAGE_SIZE

AnyHandler = TypeVar("AnyHandler", bound=Handler)


class Application:
    """Handlers by path. It is itself an ASGI application, and finds its server's adapter by itself.

    Args:
        lifespan: an async context manager around the application's life; what it yields is
            every request's `state`.
        http: the ASGI app that answers http requests; without one they get 404, or 426 on the
            path of a handler.
        max_message_size: bytes in one message; above it the peer sees 1009 (contract M3).
        close_timeout: seconds that close waits for a silent peer (contract C3).
    """

    def __init__(
        self,
        *,
        lifespan: Lifespan | None = None,
        http: ASGIApp | None = None,
        max_message_size: int = MAX_MESSAGE_SIZE,
        close_timeout: float = CLOSE_TIMEOUT,
    ) -> None:
        self._router = Router()
        self._lifespan: Lifespan = lifespan or _no_lifespan
        self._http: ASGIApp = http or self._upgrade_required
        self.max_message_size = max_message_size
        self.close_timeout = close_timeout

    def websocket(self, path: str) -> Callable[[AnyHandler], AnyHandler]:
        """Lead a path such as `/chat/{room}` to the decorated handler.

        Raises:
            ValueError: the path is malformed or taken.
            TypeError: the handler isn't async.
        """

        def register(handler: AnyHandler) -> AnyHandler:
            self._router.add(path, handler)
            return handler

        return register

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection, whichever server it comes from."""
        kind = scope["type"]
        if kind == "websocket":
            await self.handle(discovery.connect(scope, receive, send))
        elif kind == "lifespan":
            await lifespan.run(self._lifespan, self._http, scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def handle(self, transport: Transport) -> None:
        """Serve one connection over any transport; 403 where no route matches."""
        handshake = transport.handshake
        session = Session(transport, max_message_size=self.max_message_size, close_timeout=self.close_timeout)
        match = self._router.match(handshake.path)
        if match is None:
            await session.close()
            return
        handler, path_params = match
        call = partial(handler, WebSocketRequest(handshake, session, path_params))
        await live.run(session, partial(run, call, session, handshake.path))

    async def _upgrade_required(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, body = 404, b"Not Found"
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        path = below(str(scope.get("root_path", "")), str(scope["path"]))
        if scope["http_version"] == "1.1" and self._router.match(path) is not None:
            status, body = 426, b"Upgrade Required"  # RFC 9110 section 15.5.22
            headers += [(b"upgrade", b"websocket"), (b"connection", b"upgrade")]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def _no_lifespan() -> AsyncGenerator[None, None]:
    yield
