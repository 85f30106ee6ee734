"""uvicorn's HTTP protocol, which makes the WebSocket's, as anysocket configures it."""

import asyncio
from typing import TYPE_CHECKING

from anysocket_adapters.repairs.repair import Repairs

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
        behind = seen[seen.find(b"\r\n\r\n") + 4 :]
        # After other requests in the same packet nothing shows where this one ends.
        if behind and not self.cycle and isinstance(upgraded, asyncio.Protocol):
            upgraded.data_received(behind)
