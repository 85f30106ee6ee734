"""The connections that live under one server, and how they end together (contract L2)."""

import logging
from contextlib import suppress
from contextvars import ContextVar

import anyio

from anysocket.close import CloseCode
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.handshake import denial
from anysocket.session import Session
from anysocket.state import State

_log = logging.getLogger("anysocket")

_CLOSING = 0.3
"""Seconds that closing handshakes have to end in when the last handler has ended."""

_POLL = 0.05
"""Seconds between two looks at connections whose handshake is just being answered."""


class Draining(ConnectionClosed):
    """The server is ending, and takes no new connection."""


class Live:
    """Keeps the sessions whose handlers run, so that whoever stops the server can end them."""

    def __init__(self) -> None:
        self._sessions: set[Session] = set()
        self._changed = anyio.Event()
        self.draining: bool = False
        """Whether new connections are refused."""

    def hold(self, session: Session) -> None:
        """Hold a session while its handler runs."""
        self._sessions.add(session)

    async def refuse(self, session: Session) -> None:
        """Refuse a session that came while draining."""
        await _send_away(session)

    def release(self, session: Session) -> None:
        """Let a session go, since its handler has ended."""
        self._sessions.discard(session)
        if self.draining:
            self._changed.set()

    async def drain(self) -> None:
        """Close every connection with 1001, deny new ones with 503, and wait for all handlers to end."""
        self.draining = True
        told: set[Session] = set()
        async with anyio.create_task_group() as tasks:
            while self._sessions:
                for session in self._sessions - told:
                    if not session.answering:
                        told.add(session)
                        tasks.start_soon(_send_away, session)
                self._changed = anyio.Event()
                with anyio.move_on_after(_POLL if self._sessions - told else None):
                    await self._changed.wait()
            tasks.cancel_scope.deadline = anyio.current_time() + _CLOSING  # of silent peers


LIVE: ContextVar[Live | None] = ContextVar("anysocket.live", default=None)
"""Set by whoever serves an app, for each connection: it reaches through any middleware."""


async def _send_away(session: Session) -> None:
    try:
        if session.state is State.CONNECTING:
            with suppress(InvalidState, Unsupported):
                await session.deny(denial(503))
                return
        await session.close(CloseCode.GOING_AWAY)
    except Exception:  # one connection's trouble mustn't keep the others from their end
        _log.exception("a connection couldn't be closed with 1001")
