"""A WebSocket of uvicorn, as far as its three implementations have it in common.

What differs from the specification, as of 0.54 (https://github.com/Kludex/uvicorn):

- `root_path` is put before `path` and `raw_path`, though the peer didn't send it there.
- A message in the packet of the handshake is lost.

websockets-sansio and wsproto, which do most things in the same way:

- A lost connection is reported as 1005.
- Reading pauses at the first unread message: the end and a pong behind it aren't noticed, and the
  live peer of a busy handler is closed with 1011.
- The end of the closing handshake can't be waited for.

Each implementation has a file with its repairs and its transport.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, ClassVar

from anysocket.asgi import Receive, Scope, Send
from anysocket.capabilities import Capabilities
from anysocket.close import Close
from anysocket.handshake import Handshake
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.repairs.repair import Mixin, Repairs, without
from anysocket_adapters.uvicorn.http import lost_with

if TYPE_CHECKING:
    # The others have the same attributes, as `needs` says.
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
else:
    WebSocketsSansIOProtocol = object

_PROTOCOLS = "uvicorn.protocols.websockets"
SANS_IO = Repairs("uvicorn", f"{_PROTOCOLS}.websockets_sansio_impl:WebSocketsSansIOProtocol")
WSPROTO = Repairs("uvicorn", f"{_PROTOCOLS}.wsproto_impl:WSProtocol")
WEBSOCKETS = Repairs("uvicorn", f"{_PROTOCOLS}.websockets_impl:WebSocketProtocol")


def _repair_of(*repairs: Repairs, needs: Collection[str], keeps: Collection[str]) -> Callable[[Mixin], Mixin]:
    """Register the decorated class as a repair of several classes."""

    def register(mixin: Mixin) -> Mixin:
        for each in repairs:
            each.repair(needs=needs, keeps=keeps)(mixin)
        return mixin

    return register


@_repair_of(SANS_IO, WSPROTO, WEBSOCKETS, needs=("root_path",), keeps=("path_below_root",))
class KnowsRootPath(WebSocketsSansIOProtocol):
    """uvicorn puts its root path before the path that the peer sent. The scope's may be a framework's."""

    def path_prefix(self) -> str:
        """Give what uvicorn has put before the path."""
        return self.root_path


@_repair_of(SANS_IO, WSPROTO, needs=("connection_lost", "queue"), keeps=("abnormal_closure", "half_closed"))
class ReportsLoss(WebSocketsSansIOProtocol):
    """uvicorn reports a lost connection as a close frame without a code, unless a close has been reported."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        super().connection_lost(exc)


@_repair_of(
    SANS_IO,
    WSPROTO,
    needs=("keepalive_timeout", "read_paused", "ping_timeout", "pong_timer", "loop"),
    keeps=(),
)
class TrustsWhilePaused(WebSocketsSansIOProtocol):
    """A peer isn't dead whose pong may be among what isn't read (contract L3)."""

    pong_timer: asyncio.TimerHandle | None
    read_paused: bool

    def keepalive_timeout(self) -> None:
        if self.read_paused and self.ping_timeout is not None:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
        else:
            super().keepalive_timeout()


@_repair_of(SANS_IO, WSPROTO, needs=("connection_lost", "disconnected", "loop", "transport"), keeps=())
class WaitsForTheEnd(WebSocketsSansIOProtocol):
    """uvicorn gives every peer ten seconds to answer our close, and more to one that doesn't read."""

    _lost: asyncio.Future[None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(None)

    async def wait_until_closed(self) -> None:
        """Wait for the end of the closing handshake; a peer is left alone when that is given up."""
        try:
            if not self.disconnected:
                self._lost = self.loop.create_future()
                await self._lost
        finally:
            self.transport.abort()


class UvicornTransport(ASGITransport):
    """What the three implementations have in common."""

    repairs: ClassVar[Repairs]
    """Those of the protocol class that `send` belongs to."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._protocol: object = getattr(send, "__self__", None)
        self.repairs.apply(self._protocol)

    @property
    def capabilities(self) -> Capabilities:
        return without(self.declared, self._lost())

    def _lost(self) -> frozenset[str]:
        http = getattr(getattr(self._protocol, "config", None), "http_protocol_class", None)
        return self.repairs.lost(self._protocol) | lost_with(http)

    @property
    def handshake(self) -> Handshake:
        protocol = self._protocol
        return self._handshake(protocol.path_prefix() if isinstance(protocol, KnowsRootPath) else "")

    async def close(self, close: Close, /) -> None:
        await super().close(close)
        if isinstance(self._protocol, WaitsForTheEnd):
            await self._protocol.wait_until_closed()
