"""The repairs of a stream that `anysocket serve` makes before anything is read, for every application."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, cast

from anyio.lowlevel import checkpoint

from anysocket.asgi import ASGIEvent, Receive
from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    import trio
    from hypercorn.protocol.events import Event
    from hypercorn.protocol.ws_stream import Handshake, WSStream
    from wsproto.connection import Connection
else:
    Handshake = WSStream = object

EARLY = Repairs("hypercorn", "hypercorn.protocol.ws_stream:WSStream")
HTTP_STREAM = Repairs("hypercorn", "hypercorn.protocol.http_stream:HTTPStream")
UNCOMPRESSED = Repairs("hypercorn", "hypercorn.protocol.ws_stream:Handshake")


@EARLY.repair(needs=("handle", "hypercorn.protocol.events:StreamClosed"), keeps=("early_message",))
class WaitsForTheApplication(WSStream):
    """hypercorn takes what comes in the packet of the handshake before the application has begun."""

    begun: bool = False

    def handle(  # pyright: ignore[reportIncompatibleMethodOverride]  # ty: ignore[incompatible-method-override]  # as `KeepsEvents`
        self, event: "Event"
    ) -> Coroutine[Any, Any, None]:
        return super().handle(event) if self.begun else self._let_begin(event)

    async def _let_begin(self, event: "Event") -> None:
        from hypercorn.protocol.events import StreamClosed

        self.begun = True
        if not isinstance(event, StreamClosed):
            for _ in range(2):  # trio may run this task first, once
                await checkpoint()
        await self.handle(event)  # by now of the class that a transport has made of it


@HTTP_STREAM.repair(needs=("app_put",))
@EARLY.repair(needs=("app_put",))
class DropsUnread(WSStream):
    """hypercorn keeps a connection for ever whose application has ended with a full queue."""

    async def drop_unread(self, receive: Receive) -> None:
        """Drop what the application hasn't received, and what still comes."""
        self.app_put: Callable[..., Awaitable[None]] | None = _drop
        while _unread(receive):
            await receive()
            await checkpoint()  # another event may have been waiting for room


async def _drop(event: ASGIEvent) -> None:
    pass


def _unread(receive: Receive) -> int:
    """Give the number of events in the application's queue, from its method that receives."""
    queue: object = getattr(receive, "__self__", None)
    if isinstance(queue, asyncio.Queue):
        return cast("asyncio.Queue[object]", queue).qsize()
    return cast("trio.MemoryReceiveChannel[object]", queue).statistics().current_buffer_used


@UNCOMPRESSED.repair(needs=("accept", "extensions"))
class OffersNoCompression(Handshake):
    """hypercorn has no option against permessage-deflate."""

    def accept(
        self, subprotocol: str | None, additional_headers: Iterable[tuple[bytes, bytes]]
    ) -> "tuple[int, list[tuple[bytes, bytes]], Connection]":
        self.extensions: list[str] | None = None
        return super().accept(subprotocol, additional_headers)
