"""The open connections of one server, and how they end together (contract L2)."""

import asyncio
import logging
from contextlib import suppress
from contextvars import ContextVar

import anyio

from anysocket.close import CloseCode
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.handshake import denial
from anysocket.session.session import Session
from anysocket.session.state import ANSWERING

_log = logging.getLogger("anysocket")

_CLOSING = 0.3
"""Seconds for closing handshakes to end, once the last handler has ended."""

_POLL = 0.05
"""Seconds between two looks at connections whose handshake is being answered."""


class Draining(ConnectionClosed):
    """The server is shutting down and accepts no new connection."""


class OpenSessions:
    """Keeps the sessions whose handlers run, so that they can be ended when the server stops."""

    def __init__(self, max_message_size: int | None = None) -> None:
        self._max_message_size = max_message_size
        """Takes the place of each application's own limit."""
        self._tasks: dict[Session, asyncio.Task[object] | None] = {}
        """The task of each session's handler; None on another event loop than asyncio's."""
        self._changed = anyio.Event()
        self.draining: bool = False
        """Whether new connections are refused."""
        self._cancelled = False

    def hold(self, session: Session) -> None:
        """Keep a session whose handler runs in the calling task."""
        self._tasks[session] = current_task()
        if self._max_message_size is not None:
            session.limit_messages(self._max_message_size)

    async def refuse(self, session: Session) -> None:
        """Refuse a session that came while draining."""
        await _send_away(session)

    def release(self, session: Session) -> None:
        """Forget a session whose handler has ended."""
        self._tasks.pop(session, None)
        if self.draining:
            self._changed.set()

    async def drain(self) -> None:
        """Close every connection with 1001, deny new ones with 503, and wait until all handlers end."""
        self.draining = True
        ended: set[Session] = set()
        async with anyio.create_task_group() as tasks:
            while self._tasks:
                for session in self._tasks.keys() - ended:
                    if session.state not in ANSWERING:
                        ended.add(session)
                        tasks.start_soon(_send_away, session)
                self._changed = anyio.Event()
                with anyio.move_on_after(_POLL if self._tasks.keys() - ended else None):
                    await self._changed.wait()
            tasks.cancel_scope.deadline = anyio.current_time() + _CLOSING  # of silent peers

    def cancel(self) -> None:
        """Cancel the handlers that still run, on asyncio.

        On trio each would need a cancel scope, which on asyncio would cost a connection 32,000
        instructions.
        """
        self._cancelled = True
        for task in set(self._tasks.values()):  # a task may run one handler within another
            if task is not None:
                task.cancel()

    def has_cancelled(self, error: BaseException) -> bool:
        """Whether `cancel` has caused this exception in the running task; if so, end the cancellation."""
        if not self._cancelled or not isinstance(error, asyncio.CancelledError):
            return False
        task = current_task()
        assert task is not None  # asyncio raised the exception
        task.uncancel()
        return True


def current_task() -> asyncio.Task[object] | None:
    """Give asyncio's running task; None on trio."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


OPEN_SESSIONS: ContextVar[OpenSessions | None] = ContextVar("anysocket.open_sessions", default=None)
"""Set for each connection while an app is served; a context variable passes through any middleware."""


async def _send_away(session: Session) -> None:
    try:
        if session.connecting:
            with suppress(InvalidState, Unsupported):
                await session.deny(denial(503))
                return
        await session.close(CloseCode.GOING_AWAY)
    except Exception:  # one connection mustn't keep the others from ending
        _log.exception("a connection couldn't be closed with 1001")
