"""uvicorn's own WebSocket implementations: what they have in common, websockets-sansio, and wsproto.

`anysocket serve --server uvicorn` has a connection of anysocket's own instead (`native`). These serve
under uvicorn's own command without `--ws`, and on rows of their own. Only what takes a few lines is
repaired, as of 0.54 (https://github.com/Kludex/uvicorn). The declarations say what is absent, and
docs/quirks.md says why.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, ClassVar

from anysocket.asgi import Receive, Scope, Send
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close
from anysocket.handshake import Handshake, RawHeaders
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.repairs.repair import Mixin, Repairs, without
from anysocket_adapters.repairs.wsproto import DEFLATE, FRAMES, repair_connection
from anysocket_adapters.uvicorn.http import lost_with

if TYPE_CHECKING:
    # The others have the same attributes, as `needs` says.
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
    from websockets.frames import Frame
else:
    WebSocketsSansIOProtocol = WSProtocol = object

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


@_repair_of(SANS_IO, WSPROTO, needs=("handle_close", "writable"), keeps=("end_while_suspended",))
class WakesSenders(WebSocketsSansIOProtocol):
    """End the sends that wait for the peer when it closes: uvicorn waits until it has read."""

    def handle_close(self, event: "Frame") -> None:
        super().handle_close(event)
        self.writable.set()


@SANS_IO.repair(
    needs=(
        *("handle_parser_exception", "handle_events", "conn"),
        "websockets.server:ServerProtocol.parser_exc",
    ),
)
class DeliversBeforeBreach(WebSocketsSansIOProtocol):
    """Deliver the messages that came in one packet with the frame that breaks the protocol."""

    def handle_parser_exception(self) -> None:
        if self.conn.parser_exc is not None:
            self.handle_events()
        super().handle_parser_exception()


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


@WSPROTO.repair(needs=("conn",), keeps=FRAMES.everything() | DEFLATE.everything())
class RepairsConnection(WSProtocol):
    """wsproto has made its connection once uvicorn has accepted."""

    def repair_connection(self) -> frozenset[str]:
        """Repair it, and give the capabilities that are lost on it."""
        return repair_connection(self.conn.connection)


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


class UvicornSansIOTransport(UvicornTransport):
    """The websockets-sansio implementation."""

    repairs: ClassVar[Repairs] = SANS_IO
    declared: ClassVar[Capabilities] = Capabilities(
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        answers_before_close=Support.ABSENT,
        abnormal_closure=Support.REPAIRED,
        half_closed=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.ABSENT,
        pong_behind_unread=Support.ABSENT,
    )


class UvicornWSProtoTransport(UvicornTransport):
    """The wsproto implementation."""

    repairs: ClassVar[Repairs] = WSPROTO
    declared: ClassVar[Capabilities] = Capabilities(
        handshake_headers=Support.ABSENT,
        path_below_root=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        answers_before_close=Support.ABSENT,
        malformed_extension_offer=Support.ABSENT,
        compressed_with_ping=Support.REPAIRED,
        early_message=Support.ABSENT,
        message_before_accept=Support.ABSENT,
        peer_code_1014=Support.REPAIRED,
        abnormal_closure=Support.REPAIRED,
        half_closed=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.ABSENT,
        pong_behind_unread=Support.ABSENT,
    )

    _lost_in_wsproto: frozenset[str] = frozenset()

    def _lost(self) -> frozenset[str]:
        return super()._lost() | FRAMES.missing() | DEFLATE.missing() | self._lost_in_wsproto

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        if isinstance(self._protocol, RepairsConnection):
            self._lost_in_wsproto = self._protocol.repair_connection()
