"""How many WebSockets a worker has at once, on every server."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from anysocket.errors import InvalidState, Unsupported
from anysocket.handshake import Address, denial
from anysocket.session.session import Session
from anysocket.transport import Transport

_RETRY_AFTER: Final = "5"
"""Seconds before a refused peer should try again: by then others may have left."""


class Admission:
    """Counts the WebSockets of a worker, and those of each address.

    Args:
        most: WebSockets in all; None for any number.
        most_of_an_address: WebSockets from one address; a peer of a Unix socket has none.
    """

    def __init__(self, most: int | None, most_of_an_address: int | None) -> None:
        self._most = most
        self._most_of_an_address = most_of_an_address
        self._count = 0
        self._by_host = Counter[str]()

    async def admit(
        self,
        client: Address | None,
        serve: Callable[[], Awaitable[None]],
        transport: Callable[[], Transport],
    ) -> None:
        """Serve a WebSocket, or refuse it when it is one too many."""
        if not self._enter(client):
            await _refuse(transport())
            return
        try:
            await serve()
        finally:
            self._leave(client)

    def _enter(self, client: Address | None) -> bool:
        if self._most is not None and self._count >= self._most:
            return False
        if client is not None and self._most_of_an_address is not None:
            if self._by_host[client[0]] >= self._most_of_an_address:
                return False
            self._by_host[client[0]] += 1
        self._count += 1
        return True

    def _leave(self, client: Address | None) -> None:
        self._count -= 1
        if client is not None and self._most_of_an_address is not None:
            self._by_host[client[0]] -= 1
            if not self._by_host[client[0]]:
                del self._by_host[client[0]]


async def _refuse(transport: Transport) -> None:
    """Deny a connection with 503 and Retry-After, or with as much of it as the server can send."""
    session = Session(transport)
    for each in (denial(503, [("retry-after", _RETRY_AFTER)], "too many connections"), denial(503), denial()):
        with suppress(Unsupported):
            with suppress(InvalidState):  # the peer has left
                await session.deny(each)
            return
