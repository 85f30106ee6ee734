"""Running a handler: however it ends, the connection ends too, and says why."""

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
from anysocket.supervision.failures import Failures, leaves
from anysocket.supervision.open_sessions import OPEN_SESSIONS, Draining

_log = logging.getLogger("anysocket")

_CLOSE_SENT_TIMEOUT = 1.0
"""Seconds that a close of another task has to be sent in, once the handler has ended."""

_NO_ANSWERS = Failures()


async def run(
    call: Callable[[], Awaitable[None]],
    session: Session,
    failures: Failures = _NO_ANSWERS,
    expected_codes: Container[int] = EVERY_CODE,
) -> None:
    """Call a connection's handler, and see the connection to its end, as `Supervised` does."""
    live = OPEN_SESSIONS.get()
    if live is not None:
        if live.draining:
            await live.refuse(session)
            return
        live.hold(session)
    try:
        called = call()
        del call  # an idle connection needs no more of it
        await called
    except BaseException as error:
        answered = await Supervised(session, failures, expected_codes).ended(error)
        if not answered and (live is None or not live.has_cancelled(error)):
            raise
    else:
        if session.state is not State.CLOSED:
            await Supervised(session, failures, expected_codes).ended(None)
        elif live is not None:
            live.release(session)


class Supervised:
    """Sees a connection to its end, when the block ends in which its handler runs.

    One that returns closes with 1000, one that raises with 1011, and the exception is logged
    and raised on (contract C5). One that has answered nothing gives the peer a 500 (contract H4).
    Its own connection's `ConnectionClosed` is no mistake: the peer left, and that is all. An
    exit is a mistake like any other: on some servers it would end them.
    """

    __slots__ = ("_expected_codes", "_failures", "_live", "_session")

    def __init__(
        self,
        session: Session,
        failures: Failures = _NO_ANSWERS,
        expected_codes: Container[int] = EVERY_CODE,
    ) -> None:
        """Supervise.

        Args:
            session: the connection.
            failures: the exceptions that close otherwise, and aren't raised on.
            expected_codes: the close codes whose `ConnectionClosed` is no mistake.
        """
        self._session = session
        self._failures = failures
        self._expected_codes = expected_codes
        self._live = OPEN_SESSIONS.get()

    async def __aenter__(self) -> None:
        """Begin.

        Raises:
            Draining: no new connection is taken; this one has been refused.
        """
        if self._live is not None:
            if self._live.draining:
                await self._live.refuse(self._session)
                raise Draining(CloseCode.ABNORMAL_CLOSURE)
            self._live.hold(self._session)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return await self.ended(error)

    async def ended(self, error: BaseException | None) -> bool:
        """See the connection to its end; tell whether the exception that the handler raised is answered."""
        try:
            match error:
                case None:
                    if self._session.code is None:
                        await self._returned()
                case Exception():
                    return await self._raised(error)
                case SystemExit() | KeyboardInterrupt():
                    await self._failed(error)
                    name = type(error).__name__
                    raise RuntimeError(f"the handler of {self._session.path} raised {name}") from error
                case _:  # it is cancelled
                    pass
            return False
        finally:
            try:
                # Some servers close by themselves, without the code, once the handler has ended.
                if self._session.state is State.CLOSING:
                    with anyio.move_on_after(_CLOSE_SENT_TIMEOUT):
                        await self._session.wait_close_sent()
            finally:
                if self._live is not None:
                    self._live.release(self._session)

    async def _returned(self) -> None:
        if self._session.connecting:
            _log.error("the handler of %s returned without accept or deny", self._session.path)
            await _deny_500(self._session)
        else:
            await self._session.close()

    async def _raised(self, error: Exception) -> bool:
        """Close as the exception asks for; tell whether that is an answer to it."""
        try:
            close = self._answer(error)
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

    def _answer(self, error: Exception) -> Close | None:
        """Tell what to close with, or None for a mistake; of a group, each must have an answer."""
        answer, code = Close(CloseCode.NORMAL_CLOSURE), self._session.code
        for leaf in leaves(error):
            # Without a code of its own it is another connection that was closed.
            if isinstance(leaf, ConnectionClosed) and code is not None and code in self._expected_codes:
                continue
            close = self._failures.close_for(leaf)
            if close is None:
                return None
            answer = close
            _log.info("%s: %s", type(leaf).__name__, leaf)
        return answer

    async def _failed(self, error: BaseException) -> None:
        _log.error("the handler of %s failed", self._session.path, exc_info=error)
        if self._session.connecting:
            await _deny_500(self._session)
        else:
            await self._session.close(CloseCode.INTERNAL_ERROR)


async def _deny_500(session: Session) -> None:
    await refuse(session, 500, "Internal Server Error")


async def refuse(session: Session, status: int, reason: str) -> None:
    """Deny with a reason, or as well as the server can."""
    # Where a 500 can't be sent, or an answer got stuck half-way, the server gives one: that is
    # what it does for an application that ends without an answer.
    with suppress(Unsupported, InvalidState):
        try:
            await session.deny(denial(status, body=reason))
        except Unsupported:  # not with a body
            try:
                await session.deny(denial(status))
            except Unsupported:  # nor this status; a 403 at least refuses for the same reason
                if status < 500:
                    await session.deny(denial())
