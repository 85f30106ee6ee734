"""The connections that live under one server, and how they end together (contract L2)."""

import asyncio
import logging
from contextlib import suppress
from contextvars import ContextVar

import anyio

from anysocket.close import CloseCode
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.handshake import denial
from anysocket.session.session import Session
from anysocket.session.state import State

_log = logging.getLogger("anysocket")

_CLOSING = 0.3
"""Seconds that closing handshakes have to end in when the last handler has ended."""

_POLL = 0.05
"""Seconds between two looks at connections whose handshake is just being answered."""


class Draining(ConnectionClosed):
    """The server is ending, and takes no new connection."""


class OpenSessions:
    """Keeps the sessions whose handlers run, so that whoever stops the server can end them."""

    def __init__(self, max_message_size: int | None = None) -> None:
        self._max_message_size = max_message_size
        """Takes the place of each application's own limit."""
        self._tasks: dict[Session, asyncio.Task[object] | None] = {}
        """The task of each session's handler, and None where that isn't asyncio's."""
        self._changed = anyio.Event()
        self.draining: bool = False
        """Whether new connections are refused."""
        self._cancelled = False

    def hold(self, session: Session) -> None:
        """Hold a session while its handler runs, in the task that calls this."""
        self._tasks[session] = current_task()
        if self._max_message_size is not None:
            session.limit_messages(self._max_message_size)

    async def refuse(self, session: Session) -> None:
        """Refuse a session that came while draining."""
        await _send_away(session)

    def release(self, session: Session) -> None:
        """Let a session go, since its handler has ended."""
        self._tasks.pop(session, None)
        if self.draining:
            self._changed.set()

    async def drain(self) -> None:
        """Close every connection with 1001, deny new ones with 503, and wait for all handlers to end."""
        self.draining = True
        told: set[Session] = set()
        async with anyio.create_task_group() as tasks:
            while self._tasks:
                for session in self._tasks.keys() - told:
                    if not session.answering:
                        told.add(session)
                        tasks.start_soon(_send_away, session)
                self._changed = anyio.Event()
                with anyio.move_on_after(_POLL if self._tasks.keys() - told else None):
                    await self._changed.wait()
            tasks.cancel_scope.deadline = anyio.current_time() + _CLOSING  # of silent peers

    def cancel(self) -> None:
        """Cancel the handlers that are left, on asyncio.

        On trio it takes a cancel scope around each, which on asyncio would cost a connection
        32,000 instructions.
        """
        self._cancelled = True
        for task in set(self._tasks.values()):  # one may be a handler within another
            if task is not None:
                task.cancel()

    def has_cancelled(self, error: BaseException) -> bool:
        """Tell whether an exception is how `cancel` ends the running task's handler, and let it be over."""
        if not self._cancelled or not isinstance(error, asyncio.CancelledError):
            return False
        task = current_task()
        assert task is not None  # one of trio's isn't cancelled so
        task.uncancel()
        return True


def current_task() -> asyncio.Task[object] | None:
    """Give asyncio's running task, and None on trio."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


OPEN_SESSIONS: ContextVar[OpenSessions | None] = ContextVar("anysocket.open_sessions", default=None)
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
