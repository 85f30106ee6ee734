"""uvicorn's HTTP protocol, which makes the WebSocket's, as anysocket configures it."""

import asyncio
import math
from typing import TYPE_CHECKING, ClassVar

from anysocket_adapters.repairs.repair import Repairs
from anysocket_protocol.clock import clock
from anysocket_protocol.handshake import response_head
from anysocket_protocol.settings import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
else:
    HttpToolsProtocol = object

HTTP = Repairs("uvicorn", "uvicorn.protocols.http.auto:AutoHTTPProtocol")
"""Whichever of the two is chosen: what is used of them is the same."""

_NOTHING = frozenset[str]()


def lost_with(http: object) -> frozenset[str]:
    """Give the capabilities that are lost where this is the class of the HTTP protocol.

    It is uvicorn's own where anysocket hasn't configured it, as under uvicorn's own command.
    """
    return _NOTHING if isinstance(http, type) and issubclass(http, HandsOnEarlyBytes) else HTTP.everything()


@HTTP.repair(needs=("data_received", "transport", "cycle"), keeps=("early_message",))
class HandsOnEarlyBytes(HttpToolsProtocol):
    """uvicorn 0.54 hands on the handshake alone, and loses the frames that came with it."""

    _last = b""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        seen = self._last + data if self._last else data
        upgraded = self.transport.get_protocol()
        if upgraded is self:
            self._last = seen[-3:]
            return
        # The packet may begin with the end of another request, which has no such header.
        key = seen.lower().find(b"\r\nsec-websocket-key:") if self.cycle else 0
        behind = seen[seen.find(b"\r\n\r\n", max(key, 0)) + 4 :]
        if behind and isinstance(upgraded, asyncio.Protocol):
            upgraded.data_received(behind)


@HTTP.repair(needs=("connection_made", "connection_lost", "data_received", "transport", "cycle", "loop"))
class BoundsFirstRequest(HttpToolsProtocol):
    """uvicorn 0.54 waits for the head of a request for ever, and takes one of any size."""

    limits: ClassVar[Limits] = DEFAULT_LIMITS
    deadline: float = math.inf
    tick: int | None = None
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        clock(self.loop).set(self, self.loop.time() + self.limits.handshake_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        clock(self.loop).set(self, math.inf)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.deadline == math.inf:
            return
        if self.cycle or self.transport.get_protocol() is not self:  # its head has come
            clock(self.loop).set(self, math.inf)
            return
        self._size += len(data)
        if self._size > self.limits.max_header_size:
            self._refuse(431)

    def overdue(self, now: float) -> None:
        """Give up a peer whose request doesn't come."""
        self._refuse(408)

    def _refuse(self, status: int) -> None:
        clock(self.loop).set(self, math.inf)
        if not self.transport.is_closing():
            self.transport.write(response_head(status, [(b"content-length", b"0")]))
            self.transport.close()
