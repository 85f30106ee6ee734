"""Running a handler. When it ends, its connection ends with a close code that says why."""

import logging
from collections.abc import Awaitable, Callable, Container
from contextlib import suppress
from types import TracebackType

import anyio

from anysocket.close import EVERY_CODE, Close, CloseCode
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.handshake import denial
from anysocket.session.session import Session
from anysocket.session.state import State
from anysocket.supervision.cancellation import cancels_the_task, closes_the_coroutine
from anysocket.supervision.error_handlers import ErrorHandlers, leaves
from anysocket.supervision.failures import LOGGED
from anysocket.supervision.open_sessions import OPEN_SESSIONS, Draining

_log = logging.getLogger("anysocket")

_CLOSE_SENT_TIMEOUT = 1.0
"""Seconds that a close of another task has to be sent in, once the handler has ended."""

_DEFAULT = ErrorHandlers()


async def run(
    call: Callable[[], Awaitable[None]],
    session: Session,
    error_handlers: ErrorHandlers = _DEFAULT,
    expected_codes: Container[int] = EVERY_CODE,
) -> None:
    """Call the handler of a connection, and end the connection as `Supervised` does."""
    open_sessions = OPEN_SESSIONS.get()
    if open_sessions is not None:
        if open_sessions.draining:
            await open_sessions.refuse(session)
            return
        open_sessions.hold(session)
    try:
        called = call()
        del call  # an idle connection needn't keep it
        await called
    except BaseException as error:
        if closes_the_coroutine(error):
            if open_sessions is not None:
                open_sessions.release(session)
            raise
        handled = await Supervised(session, error_handlers, expected_codes).ended(error)
        if not handled and (open_sessions is None or not open_sessions.has_cancelled(error)):
            raise
    else:
        if session.state is not State.CLOSED:
            await Supervised(session, error_handlers, expected_codes).ended(None)
        elif open_sessions is not None:
            open_sessions.release(session)


class Supervised:
    """Ends a connection when the block ends in which its handler runs.

    A handler that returns closes with 1000. One that raises closes with 1011, and the exception is
    logged and raised to the server (contract C5). One that hasn't answered the handshake gives the
    peer a 500 (contract H4). The `ConnectionClosed` of its own connection is no error: the peer
    has left.

    An exception that isn't an `Exception` is an error like any other, and the server gets it as a
    `RuntimeError`: `SystemExit` would end some servers, and a server takes a `CancelledError` for a
    cancellation of its own. Only a cancellation from outside stays one.
    """

    __slots__ = ("_error_handlers", "_expected_codes", "_open_sessions", "_session")

    def __init__(
        self,
        session: Session,
        error_handlers: ErrorHandlers = _DEFAULT,
        expected_codes: Container[int] = EVERY_CODE,
    ) -> None:
        """Supervise a connection.

        Args:
            session: the connection.
            error_handlers: they close with codes of their own, and aren't raised to the server.
            expected_codes: the close codes whose `ConnectionClosed` is no error.
        """
        self._session = session
        self._error_handlers = error_handlers
        self._expected_codes = expected_codes
        self._open_sessions = OPEN_SESSIONS.get()

    async def __aenter__(self) -> None:
        """Hold the connection while its handler runs.

        Raises:
            Draining: the server is shutting down. The connection has been refused.
        """
        if self._open_sessions is not None:
            if self._open_sessions.draining:
                await self._open_sessions.refuse(self._session)
                raise Draining(CloseCode.ABNORMAL_CLOSURE)
            self._open_sessions.hold(self._session)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, GeneratorExit):  # the framework's coroutine may be closed: nothing can wait
            if self._open_sessions is not None:
                self._open_sessions.release(self._session)
            return False
        return await self.ended(error)

    async def ended(self, error: BaseException | None) -> bool:
        """End the connection. Return whether an error handler has handled the exception."""
        try:
            match error:
                case None:
                    if self._session.code is None:
                        await self._returned()
                case Exception():
                    return await self._raised(error)
                case _ if cancels_the_task(error):
                    pass
                case _:
                    await self._failed(error)
                    name = type(error).__name__
                    failure = RuntimeError(f"the handler of {self._session.path} raised {name}")
                    LOGGED.set(failure)
                    raise failure from error
            return False
        finally:
            try:
                # Some servers close without the code as soon as the handler has ended.
                if self._session.state is State.CLOSING:
                    with anyio.move_on_after(_CLOSE_SENT_TIMEOUT):
                        await self._session.wait_close_sent()
            finally:
                if self._open_sessions is not None:
                    self._open_sessions.release(self._session)

    async def _returned(self) -> None:
        if self._session.connecting:
            _log.error("the handler of %s returned without accept or deny", self._session.path)
            await _deny_500(self._session)
        else:
            await self._session.close()

    async def _raised(self, error: Exception) -> bool:
        """Close as the exception asks. Return whether it is handled."""
        try:
            close = self._close_for(error)
            if close is not None:
                close.validate()
        except Exception as another:
            await self._failed(another)
            raise
        if close is None:
            await self._failed(error)
        elif self._session.connecting:
            await refuse(self._session, 403, close.reason)
        else:
            await self._session.close(close.code, close.reason)
        return close is not None

    def _close_for(self, error: Exception) -> Close | None:
        """Give the close for an exception; None for an error, and for a group with an error in it."""
        found, code = Close(CloseCode.NORMAL_CLOSURE), self._session.code
        for leaf in leaves(error):
            # While this connection has no code, the exception is of another one.
            if isinstance(leaf, ConnectionClosed) and code is not None and code in self._expected_codes:
                continue
            close = self._error_handlers.close_for(leaf)
            if close is None:
                return None
            found = close
            _log.info("%s: %s", type(leaf).__name__, leaf)
        return found

    async def _failed(self, error: BaseException) -> None:
        _log.error("the handler of %s failed", self._session.path, exc_info=error)
        LOGGED.set(error)
        if self._session.connecting:
            await _deny_500(self._session)
        else:
            await self._session.close(CloseCode.INTERNAL_ERROR)


async def _deny_500(session: Session) -> None:
    await refuse(session, 500, "Internal Server Error")


async def refuse(session: Session, status: int, reason: str) -> None:
    """Deny with a status and a reason, or with as much of it as the server can send."""
    # If a 500 can't be sent, or an answer was begun and not completed, the server sends one: it
    # does so for every application that ends without an answer.
    with suppress(Unsupported, InvalidState):
        try:
            await session.deny(denial(status, body=reason))
        except Unsupported:  # a body can't be sent
            try:
                await session.deny(denial(status))
            except Unsupported:  # the status can't either; a 403 refuses for the same reason
                if status < 500:
                    await session.deny(denial())
