"""Running a handler: however it ends, the connection ends too, and says why."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Container
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

from anysocket import live
from anysocket.close import EVERY_CODE, Close, CloseCode
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.failures import Failures, leaves
from anysocket.handshake import denial
from anysocket.request import WebSocketRequest
from anysocket.session import Session
from anysocket.state import State

Handler: TypeAlias = Callable[[WebSocketRequest], Awaitable[None]]

_log = logging.getLogger("anysocket")

_NO_ANSWERS = Failures()


async def run(
    call: Callable[[], Awaitable[None]],
    session: Session,
    path: str,
    failures: Failures = _NO_ANSWERS,
    silenced: Container[int] = EVERY_CODE,
) -> None:
    """Call a connection's handler, and see the connection to its end."""
    with suppress(live.Draining):
        async with live.held(session), supervised(session, path, failures, silenced):
            await call()


@asynccontextmanager
async def supervised(
    session: Session, path: str, failures: Failures = _NO_ANSWERS, silenced: Container[int] = EVERY_CODE
) -> AsyncGenerator[None, None]:
    """See a connection to its end, when the block ends in which its handler runs.

    One that returns closes with 1000, one that raises with 1011, and the exception is logged
    and raised on (contract C5). One that has answered nothing gives the peer a 500 (contract H4).
    Its own connection's `ConnectionClosed` is no mistake: the peer left, and that is all. An
    exit is a mistake like any other: on some servers it would end them.

    Args:
        session: the connection.
        path: for the log.
        failures: the exceptions that close otherwise, and aren't raised on.
        silenced: the close codes whose `ConnectionClosed` is no mistake.
    """
    try:
        yield
    except Exception as error:
        try:
            close = _answer(error, session, failures, silenced)
            if close is None:
                raise
            close.validate()
        except Exception:
            await _failed(session, path)
            raise
        if session.state is State.CONNECTING:
            await refuse(session, 403, close.reason)
        else:
            await session.close(close.code, close.reason)
    except (SystemExit, KeyboardInterrupt) as error:
        await _failed(session, path)
        raise RuntimeError(f"the handler of {path} raised {type(error).__name__}") from error
    else:
        if session.state is State.CONNECTING:
            _log.error("the handler of %s returned without accept or deny", path)
            await _deny_500(session)
        else:
            await session.close()


def _answer(error: Exception, session: Session, failures: Failures, silenced: Container[int]) -> Close | None:
    """Tell what to close with, or None for a mistake; of a group, each must have an answer."""
    answer = Close(CloseCode.NORMAL_CLOSURE)
    for leaf in leaves(error):
        # Without a code of its own it is another connection that was closed.
        if isinstance(leaf, ConnectionClosed) and session.code is not None and session.code in silenced:
            continue
        close = failures.close_for(leaf)
        if close is None:
            return None
        answer = close
        _log.info("%s: %s", type(leaf).__name__, leaf)
    return answer


async def _failed(session: Session, path: str) -> None:
    _log.exception("the handler of %s failed", path)
    if session.state is State.CONNECTING:
        await _deny_500(session)
    else:
        await session.close(CloseCode.INTERNAL_ERROR)


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
