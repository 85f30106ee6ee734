"""Running a handler: however it ends, the connection ends too, and says why."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from anysocket.close import CloseCode
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.handshake import denial
from anysocket.request import WebSocketRequest
from anysocket.session import Session
from anysocket.state import State

Handler: TypeAlias = Callable[[WebSocketRequest], Awaitable[None]]

_log = logging.getLogger("anysocket")


async def run(call: Callable[[], Awaitable[None]], session: Session, path: str) -> None:
    """Call a connection's handler, and see the connection to its end.

    One that returns closes with 1000, one that raises with 1011, and the exception is logged
    and raised on (contract C5). One that has answered nothing gives the peer a 500 (contract H4).
    Its own connection's `ConnectionClosed` is no mistake: the peer left, and that is all. An
    exit is a mistake like any other: on some servers it would end them.
    """
    try:
        await call()
    except Exception as error:
        # Without a code of its own it is another connection that was closed.
        if session.code is None or not _only_says_closed(error):
            await _failed(session, path)
            raise
    except (SystemExit, KeyboardInterrupt) as error:
        await _failed(session, path)
        raise RuntimeError(f"the handler of {path} raised {type(error).__name__}") from error
    else:
        if session.state is State.CONNECTING:
            _log.error("the handler of %s returned without accept or deny", path)
            await _deny_500(session)
        else:
            await session.close()


def _only_says_closed(error: Exception) -> bool:
    """Whether this is ConnectionClosed and nothing else, also from the tasks of a group."""
    match error:
        case ExceptionGroup(exceptions=errors):
            return all(map(_only_says_closed, errors))
        case _:
            return isinstance(error, ConnectionClosed)


async def _failed(session: Session, path: str) -> None:
    _log.exception("the handler of %s failed", path)
    if session.state is State.CONNECTING:
        await _deny_500(session)
    else:
        await session.close(CloseCode.INTERNAL_ERROR)


async def _deny_500(session: Session) -> None:
    # Where it can't be sent, or an answer got stuck half-way, the server gives the 500: that is
    # what it does for an application that ends without an answer.
    with suppress(Unsupported, InvalidState):
        try:
            await session.deny(denial(500, body="Internal Server Error"))
        except Unsupported:  # not with a body
            await session.deny(denial(500))
