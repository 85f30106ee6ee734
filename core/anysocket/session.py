"""A connection with what a handler doesn't need: refusing it outright, and seeing its state."""

from anysocket.handshake import Denial
from anysocket.state import State
from anysocket.websocket import WebSocket


class Session(WebSocket):
    """What the application holds, and its handler sees as a `WebSocket`."""

    __slots__ = ()

    @property
    def state(self) -> State:
        """Where the connection is in its life."""
        return self._state

    async def deny(self, denial: Denial) -> None:
        """Refuse the connection with an HTTP response (contract H3).

        Raises:
            InvalidState: the handshake has been answered before.
            Unsupported: the server can't send this response. Nothing has been sent.
        """
        await self._deny(denial)
