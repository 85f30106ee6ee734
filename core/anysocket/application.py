"""An application: routes to handlers, a lifespan, and any ASGI app for http."""

from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Container,
    Coroutine,
    Iterable,
    Sequence,
)
from contextlib import asynccontextmanager
from functools import partial
from typing import Concatenate, Never, ParamSpec, Protocol, TypeAlias, TypeVar

from anysocket import discovery
from anysocket.asgi import ASGIApp, Receive, Scope, Send, below
from anysocket.asgi_app import lifespan
from anysocket.asgi_app.lifespan import Lifespan
from anysocket.close import EVERY_CODE, Close
from anysocket.http.origins import Origins
from anysocket.messages.codec import Codec
from anysocket.request import WebSocketRequest
from anysocket.routing.route import Route
from anysocket.routing.router import Router
from anysocket.routing.signature import AnyHandler, Signature
from anysocket.routing.sockets import Socket
from anysocket.routing.template import Segment
from anysocket.session.session import Session
from anysocket.session.websocket import CLOSE_TIMEOUT, MAX_MESSAGE_SIZE
from anysocket.supervision.error_handlers import Error, ErrorHandlers
from anysocket.supervision.handler import refuse, run
from anysocket.transport import Transport
from anysocket.values import Values

P = ParamSpec("P")

Next: TypeAlias = Callable[[], Coroutine[object, Never, None]]
"""A middleware awaits it to run the next middleware, and finally the handler.

It gives a coroutine, because type checkers report one that isn't awaited.
"""

Middleware: TypeAlias = Callable[[WebSocketRequest, Next], Coroutine[object, Never, None]]
"""Runs around a connection's handler, from before accept to its end."""

AnyMiddleware = TypeVar("AnyMiddleware", bound=Middleware)

ErrorHandler: TypeAlias = Callable[[Error], Close]


class Register(Protocol):
    """A decorator that turns a handler into a `Route`, with the types of its parameters."""

    def __call__(self, handler: Callable[Concatenate[Socket, P], Awaitable[None]], /) -> Route[Socket, P]: ...


class Application:
    """Handlers by path. It is an ASGI application, and detects the adapter of its server automatically.

    Args:
        lifespan: an async context manager, entered at startup and left at shutdown. The mapping
            that it yields is in the `state` of every request.
        http: the ASGI app that answers http requests. Without one they get 404, or 426 on the
            path of a handler.
        origins: the web pages that may connect, such as `["https://example.com"]`, or "*" for
            every page. By default the pages of the same host. A request without an Origin
            header isn't refused: browsers always send one. One with two is: they never do.
        max_message_size: bytes in one message; above it the peer sees 1009 (contract M3).
        close_timeout: seconds that close waits for a silent peer (contract C3).

    Raises:
        ValueError: one of `origins` isn't an origin.
    """

    def __init__(
        self,
        *,
        lifespan: Lifespan | None = None,
        http: ASGIApp | None = None,
        origins: Iterable[str] | None = None,
        max_message_size: int = MAX_MESSAGE_SIZE,
        close_timeout: float = CLOSE_TIMEOUT,
    ) -> None:
        self._router = Router[AnyRoute]()
        self._lifespan: Lifespan = lifespan or _no_lifespan
        self._http: ASGIApp = http or self._upgrade_required
        self._origins = Origins(origins)
        self._middleware: list[Middleware] = []
        self._error_handlers = ErrorHandlers()
        self.routes: list[AnyRoute] = []
        """All routes, in the order in which they were added."""
        self.state: Values = Values()
        """Values for the handlers of all connections, each by its `Key`."""
        self.max_message_size: int = max_message_size
        self.close_timeout: float = close_timeout

    def websocket(
        self,
        path: str,
        *,
        auto_accept: bool | None = None,
        codec: Codec | None = None,
        expected_codes: Collection[int] = EVERY_CODE,
    ) -> Register:
        """Register the decorated handler for a path such as `/chat/{room}`.

        The handler's first parameter is its socket. Its annotation is a `Connection`, a
        `WebSocketRequest` or a `WebSocket`. Each other parameter comes from the path or from the
        query, converted by its annotation before accept. A request whose parameters don't fit is
        denied, with 403 for the path and 400 for the query.

        Args:
            path: text, with a `{name}` for each segment that is a parameter.
            auto_accept: whether to accept before the handler is called. By default only for a
                `Connection`.
            codec: the format of a Connection's messages. By default str and bytes are sent as
                they are, and other types as JSON in text frames.
            expected_codes: the close codes whose `ConnectionClosed` may escape from the handler.
                With any other code it is a failure.

        Raises:
            ValueError: the path is malformed or taken.
            TypeError: the handler isn't async, or has no annotated socket; a parameter is
                missing or can't be converted; or the codec doesn't have these messages.
        """

        def register(handler: Callable[Concatenate[Socket, P], Awaitable[None]]) -> Route[Socket, P]:
            route = Route(path, handler, auto_accept=auto_accept, codec=codec, expected_codes=expected_codes)
            self._router.add(route.segments, route)
            self.routes.append(route)
            return route

        return register

    def middleware(self, middleware: AnyMiddleware) -> AnyMiddleware:
        """Run a function around the handler of every connection; the first one added is the outermost.

        It may deny the connection, set values in `request.state` for the handler, run tasks, and
        see how the connection ended.
        """
        self._middleware.append(middleware)
        return middleware

    def error_handler(self, kind: type[Error]) -> Callable[[ErrorHandler[Error]], ErrorHandler[Error]]:
        """Close with the decorated function's `Close` when this exception escapes from a handler.

        The exception is then neither logged as an error nor raised to the server. Before accept
        the peer gets a 403 with the reason.
        """

        def register(handler: ErrorHandler[Error]) -> ErrorHandler[Error]:
            self._error_handlers.add(kind, handler)
            return handler

        return register

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection of any server."""
        kind = scope["type"]
        if kind == "websocket":
            await self.handle(discovery.connect(scope, receive, send), scope)
        elif kind == "lifespan":
            await lifespan.run(self._lifespan, self._http, scope, receive, send)
        else:
            await self._http(scope, receive, send)

    def handle(self, transport: Transport, scope: Scope | None = None) -> Coroutine[object, Never, None]:
        """Serve one connection over any transport; 403 where no route matches.

        Args:
            transport: the connection.
            scope: the server's scope, if it speaks ASGI, for the keys that only it has.
        """
        # Not a coroutine of its own: every idle connection would keep it.
        session = Session(transport, self.max_message_size, self.close_timeout)
        match = self._router.match(transport.path)
        if match is None:
            return session.close()
        if (origin := self._origins.refused(transport.headers)) is not None:
            return refuse(session, 403, f"pages of {origin} may not connect")
        route, values = match
        request = WebSocketRequest(session, route.names, values, scope, self.state)
        call: Callable[[], Awaitable[None]] = partial(route.serve, request, session, values)
        if self._middleware:
            call = self._around(partial(_serve, call, session), request)
        return run(call, session, self._error_handlers, route.expected_codes)

    def _around(self, call: Next, request: WebSocketRequest) -> Next:
        for middleware in reversed(self._middleware):
            call = partial(middleware, request, call)
        return call

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


class AnyRoute(Protocol):
    """A route, whatever its handler's types."""

    @property
    def path(self) -> str:
        """The path as it was given, such as `/chat/{room}`."""
        ...

    @property
    def segments(self) -> Sequence[Segment]:
        """The path in its segments."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The names of the path's parameters, in their order."""
        ...

    @property
    def handler(self) -> AnyHandler:
        """The handler itself."""
        ...

    @property
    def signature(self) -> Signature:
        """The parameters that the handler is called with."""
        ...

    @property
    def codec(self) -> Codec | None:
        """The codec that the route was given, or None."""
        ...

    @property
    def expected_codes(self) -> Container[int]:
        """The close codes whose `ConnectionClosed` may escape from the handler."""
        ...

    def serve(
        self, request: WebSocketRequest, session: Session, path_values: Sequence[str]
    ) -> Awaitable[None]:
        """Call the handler for a request."""
        ...


async def _serve(call: Callable[[], Awaitable[None]], session: Session) -> None:
    if session.code is not None:
        return  # a middleware has denied the connection, or the peer has left
    await call()
    if session.code is None and not session.connecting:
        await session.close()  # here, so that a middleware sees how the connection ended


@asynccontextmanager
async def _no_lifespan() -> AsyncGenerator[None, None]:
    yield
