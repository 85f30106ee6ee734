"""What is repaired before uvicorn has a connection for an app: in the classes it is configured with.

They serve under `anysocket serve` and `running`. uvicorn's own command configures others.
"""

import asyncio
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from websockets.datastructures import Headers
    from websockets.legacy.server import HTTPResponse, WebSocketServerProtocol

    LegacyProtocol = WebSocketServerProtocol
else:
    LegacyProtocol = object

AnyProtocol = TypeVar("AnyProtocol", bound=asyncio.Protocol)


@cache
def http_class() -> type[asyncio.Protocol]:
    """Make an HTTP protocol that hands on what came in the handshake's packet."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    return _mixed(_HandsOn, AutoHTTPProtocol)


@cache
def legacy_class() -> type[asyncio.Protocol]:
    """Make a protocol of the websockets implementation that takes headers beyond ASCII."""
    from uvicorn.protocols.websockets.websockets_impl import WebSocketProtocol

    return _mixed(_TakesLatin1, WebSocketProtocol)


class _HandsOn(asyncio.Protocol):
    """uvicorn 0.54 hands on the handshake alone, and loses the frames behind it."""

    transport: asyncio.Transport
    cycle: object
    _last = b""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        seen = self._last + data if self._last else data
        upgraded = self.transport.get_protocol()
        if upgraded is self:
            self._last = seen[-3:]
            return
        behind = seen[seen.find(b"\r\n\r\n") + 4 :]
        # After other requests in the same packet it can't be told where this one ends.
        if behind and self.cycle is None and isinstance(upgraded, asyncio.Protocol):
            upgraded.data_received(behind)


class _TakesLatin1(LegacyProtocol):
    """uvicorn 0.54 believes that websockets reads headers as ISO-8859-1; its legacy API doesn't."""

    async def process_request(self, path: str, request_headers: "Headers") -> "HTTPResponse | None":
        from websockets.datastructures import Headers

        lines = (
            (name, value.encode("ascii", "surrogateescape").decode("latin-1"))
            for name, value in request_headers.raw_items()
        )
        return await super().process_request(path, Headers(lines))


def _mixed(mixin: type, base: type[asyncio.Protocol]) -> type[asyncio.Protocol]:
    """Make a subclass under the name of the original, by which the adapter knows it."""
    mixed: type[asyncio.Protocol] = type(base.__name__, (mixin, base), {"__module__": base.__module__})
    return mixed
