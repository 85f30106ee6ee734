"""A connection with what a handler doesn't need: refusing it outright, and seeing its state."""

from contextlib import suppress

import anyio

from anysocket.close import Close, CloseCode
from anysocket.handshake import Denial, Handshake
from anysocket.session.state import Action, State, step
from anysocket.session.websocket import WebSocket

_SENDING = 1.0
"""Seconds that a close has to be sent in; what is left of its closing handshake needs no waiting."""


class Session(WebSocket):
    """What the application holds, and its handler sees as a `WebSocket`."""

    __slots__ = ()

    @property
    def handshake(self) -> Handshake:
        """The peer's request."""
        return self._transport.handshake

    @property
    def path(self) -> str:
        """The handshake's path."""
        return self._transport.path

    @property
    def state(self) -> State:
        """Where the connection is in its life."""
        return self._state

    @property
    def answering(self) -> bool:
        """Whether an answer to the handshake is under way."""
        return self._answering and self._state is State.CONNECTING

    @property
    def closing(self) -> bool:
        """Whether a close is being sent."""
        return self._closing

    @property
    def reason(self) -> str:
        """The close reason that goes with `code`."""
        return "" if self._close is None else self._close.reason

    def limit_messages(self, size: int) -> None:
        """Set another limit for messages, in bytes (contract M3)."""
        self._max_message_size, self._short = size, size // 4

    async def wait_lost(self) -> None:
        """Wait, before accept, until the peer leaves (contract H5)."""
        with suppress(*self._transport.peer_left_errors):
            await self._transport.wait_disconnected()
        self._ends(Action.DISCONNECT, Close(CloseCode.ABNORMAL_CLOSURE))

    async def wait_closed(self) -> int:
        """Wait until the connection is closed, and give its close code (contract C6).

        Raises:
            InvalidState: before accept.
        """
        return await self._wait_closed()

    async def wait_close_sent(self) -> None:
        """Let a close be sent that another task has begun, which `closing` tells."""
        self._sent = anyio.Event()
        with anyio.move_on_after(_SENDING):
            await self._sent.wait()

    def read_ahead(self) -> None:
        """Make ready for `wait_over`, which then needs no polling beside whoever receives.

        Raises:
            InvalidState: before accept.
        """
        step(self._state, Action.RECEIVE)
        self._told = self._told or anyio.Event()
        if self._state is State.OPEN and not self._receiving:
            self._read_ahead()
        elif self._close is not None and (self._ahead is None or self._ahead.empty):
            self._told.set()  # there is nothing more to be told

    async def wait_over(self) -> None:
        """Wait, after `read_ahead`, until the connection is closed and whoever receives has been told."""
        await self._wait_over()

    async def deny(self, denial: Denial) -> None:
        """Refuse the connection with an HTTP response (contract H3).

        Raises:
            InvalidState: the handshake has been answered before.
            Unsupported: the server can't send this response. Nothing has been sent.
        """
        await self._deny(denial)
