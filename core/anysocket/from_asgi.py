"""A connection inside of another framework's route, or of a bare ASGI application."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast, overload

from anysocket import discovery
from anysocket.asgi import Receive, Scope, Send
from anysocket.close import EVERY_CODE
from anysocket.messages.codec import Codec
from anysocket.request import WebSocketRequest
from anysocket.routing.sockets import Make, Socket, maker
from anysocket.session.session import Session
from anysocket.session.websocket import CLOSE_TIMEOUT, MAX_MESSAGE_SIZE
from anysocket.supervision.handler import Supervised


@overload
def from_asgi(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    max_message_size: int = ...,
    close_timeout: float = ...,
) -> AbstractAsyncContextManager[WebSocketRequest]: ...
@overload
def from_asgi(
    scope: Scope,
    receive: Receive,
    send: Send,
    kind: Callable[..., Socket],  # a class; no `type[Socket]` takes `WebSocket`, which is a Protocol
    *,
    codec: Codec | None = None,
    max_message_size: int = ...,
    close_timeout: float = ...,
) -> AbstractAsyncContextManager[Socket]: ...
def from_asgi(
    scope: Scope,
    receive: Receive,
    send: Send,
    kind: object = WebSocketRequest,
    *,
    codec: Codec | None = None,
    max_message_size: int = MAX_MESSAGE_SIZE,
    close_timeout: float = CLOSE_TIMEOUT,
) -> AbstractAsyncContextManager[Any]:  # of what the overloads say
    """Turn what an ASGI application is called with into a socket, for the length of the block.

        async with from_asgi(scope, receive, send, Connection[str, str]) as ws:
            await ws.accept()

    The block's end is the handler's: it closes the connection as that of a route (contract C5).
    Nobody may have received or sent anything before.

    Args:
        scope: of the type "websocket".
        receive: the server's, or the framework's.
        send: the server's, or the framework's.
        kind: as a handler's first parameter is annotated; unless given, a `WebSocketRequest`.
        codec: as in `Application.websocket`.
        max_message_size: bytes in one message; above it the peer sees 1009 (contract M3).
        close_timeout: seconds that close waits for a silent peer (contract C3).

    Raises:
        TypeError: the kind is no socket, or its messages aren't the codec's.
        ValueError: the scope is of another type.
        ConnectionClosed: the server is ending, and has refused this connection.
    """
    if scope["type"] != "websocket":
        raise ValueError(f"from_asgi takes a scope of the type 'websocket', not {scope['type']!r}")
    make = maker(kind, codec, EVERY_CODE)
    transport = discovery.connect(scope, receive, send)
    session = Session(transport, max_message_size=max_message_size, close_timeout=close_timeout)
    return _supervised(make, session, scope)


@asynccontextmanager
async def _supervised(make: Make, session: Session, scope: Scope) -> AsyncGenerator[object, None]:
    # Where frameworks leave what their routes matched; some convert it.
    path_params = cast("Mapping[str, object]", scope.get("path_params") or {})
    values = [str(value) for value in path_params.values()]
    request = WebSocketRequest(session, tuple(path_params), values, scope)
    async with Supervised(session):
        yield make(request)
