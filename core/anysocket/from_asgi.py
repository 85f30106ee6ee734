"""A connection inside another framework's route, or inside a bare ASGI application."""

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
) -> AbstractAsyncContextManager[Any]:  # the overloads have the type
    """Turn the three arguments of an ASGI application into a socket, for the length of a block.

        async with from_asgi(scope, receive, send, Connection[str, str]) as ws:
            await ws.accept()

    The end of the block closes the connection as the end of a handler does (contract C5). Nothing
    may have been received or sent before.

    Args:
        scope: of the type "websocket".
        receive: of the server or the framework.
        send: of the server or the framework.
        kind: the type of the socket, as in the annotation of a handler's first parameter; by
            default a `WebSocketRequest`.
        codec: as in `Application.websocket`.
        max_message_size: bytes in one message; above it the peer sees 1009 (contract M3).
        close_timeout: seconds that close waits for a silent peer (contract C3).

    Raises:
        TypeError: the kind is no socket, or the codec doesn't have its messages.
        ValueError: the scope has another type.
        ConnectionClosed: the server is shutting down. The connection has been refused.
    """
    if scope["type"] != "websocket":
        raise ValueError(f"from_asgi takes a scope of the type 'websocket', not {scope['type']!r}")
    make = maker(kind, codec, EVERY_CODE)
    transport = discovery.connect(scope, receive, send)
    session = Session(transport, max_message_size=max_message_size, close_timeout=close_timeout)
    return _supervised(make, session, scope)


@asynccontextmanager
async def _supervised(make: Make, session: Session, scope: Scope) -> AsyncGenerator[object, None]:
    # Frameworks leave the parameters of their routes here; some convert them.
    path_params = cast("Mapping[str, object]", scope.get("path_params") or {})
    values = [str(value) for value in path_params.values()]
    request = WebSocketRequest(session, tuple(path_params), values, scope)
    async with Supervised(session):
        yield make(request)
