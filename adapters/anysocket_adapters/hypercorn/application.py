"""An application as hypercorn calls it, and the repairs of a stream that every application gets.

How hypercorn differs from the contract, as of 0.18 (https://github.com/pgjones/hypercorn):

- It keeps a connection for ever whose application ended with more to receive than its queue holds.
- On trio an exception of the application that isn't an Exception ends the worker.
- It has no option against permessage-deflate.
- 0.16 has no lifespan state.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, cast

import anyio
from anyio.lowlevel import checkpoint

from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send
from anysocket_adapters import loops
from anysocket_adapters.hypercorn.http2 import repaired_buffer
from anysocket_adapters.hypercorn.pings import PINGS, PingsWithTimeout
from anysocket_adapters.hypercorn.trio import TRIO_STREAM
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    import trio
    from hypercorn.protocol.ws_stream import Handshake, WSStream
    from wsproto.connection import Connection
else:
    Handshake = WSStream = object

WEBSOCKET_STREAM = Repairs("hypercorn", "hypercorn.protocol.ws_stream:WSStream")
HTTP_STREAM = Repairs("hypercorn", "hypercorn.protocol.http_stream:HTTPStream")
UNCOMPRESSED = Repairs("hypercorn", "hypercorn.protocol.ws_stream:Handshake")


class ServedByHypercorn:
    """Calls an application, and lets its connection go when it ends.

    Args:
        app: the application.
        state: what its lifespan yields.
        options: those that hypercorn has no setting for.
    """

    def __init__(self, app: ASGIApp, state: dict[str, object], options: Options) -> None:
        self._app = app
        self._state = state
        self._options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send, *_: object) -> None:
        lifespan = scope["type"] == "lifespan"
        scope.setdefault("state", self._state if lifespan else self._state.copy())
        stream: object = getattr(send, "__self__", None)
        if not lifespan:
            self._repair(cast("WSStream", stream), scope)
        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            if not isinstance(error, Exception) and (lifespan or not _is_exit(error)):
                raise
            await _drop_unread(receive, stream)
            if isinstance(error, Exception):
                raise
            raise RuntimeError(f"the application raised {error!r}") from error
        await _drop_unread(receive, stream)

    def _repair(self, stream: "WSStream", scope: Scope) -> None:
        over_http2 = scope["http_version"] == "2"
        if scope["type"] == "http":
            HTTP_STREAM.apply(stream)
            return
        WEBSOCKET_STREAM.apply(stream)
        if self._options.compression is False:
            UNCOMPRESSED.apply(getattr(stream, "handshake", None))
        if over_http2:
            repaired_buffer(stream)
        elif loops.current() == "trio":
            TRIO_STREAM.apply(stream)
        if self._options.ping_interval:
            PINGS.apply(stream)
            if isinstance(stream, PingsWithTimeout):
                stream.begin_pings(self._options.ping_timeout)


@HTTP_STREAM.repair(needs=("app_put",))
@WEBSOCKET_STREAM.repair(needs=("app_put",))
class DropsUnread(WSStream):
    """hypercorn keeps a connection for ever whose application has ended with a full queue."""

    async def drop_unread(self, receive: Receive) -> None:
        """Drop what the application hasn't received, and what still comes."""
        self.app_put: Callable[..., Awaitable[None]] | None = _drop
        while _unread(receive):
            await receive()
            await checkpoint()  # another event may have been waiting for room


async def _drop_unread(receive: Receive, stream: object) -> None:
    if isinstance(stream, DropsUnread):
        await stream.drop_unread(receive)


async def _drop(event: ASGIEvent) -> None:
    pass


def _unread(receive: Receive) -> int:
    """Give the number of events in the application's queue, from its method that receives."""
    queue: object = getattr(receive, "__self__", None)
    if isinstance(queue, asyncio.Queue):
        return cast("asyncio.Queue[object]", queue).qsize()
    return cast("trio.MemoryReceiveChannel[object]", queue).statistics().current_buffer_used


def _is_exit(error: BaseException) -> bool:
    """Whether this is neither an error nor a cancellation, or has such a one among its exceptions."""
    match error:
        case BaseExceptionGroup(exceptions=errors):
            return any(map(_is_exit, errors))
        case _:
            return not isinstance(error, (Exception, GeneratorExit, anyio.get_cancelled_exc_class()))


@UNCOMPRESSED.repair(needs=("accept", "extensions"))
class OffersNoCompression(Handshake):
    """Read no offer of permessage-deflate."""

    def accept(
        self, subprotocol: str | None, additional_headers: Iterable[tuple[bytes, bytes]]
    ) -> "tuple[int, list[tuple[bytes, bytes]], Connection]":
        self.extensions: list[str] | None = None
        return super().accept(subprotocol, additional_headers)
