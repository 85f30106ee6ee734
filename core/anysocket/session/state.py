"""Every change of state that a connection can go through.

The states are those of RFC 6455 (sections 4.1, 4.2, 7.1.3 and 7.1.4), the table is the whole
truth: what isn't in it is refused, and the diagram in the documentation is drawn from it.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final

from anysocket.errors import InvalidState


class State(Enum):
    """Where a connection is in its life."""

    if not TYPE_CHECKING:  # to which it would be another type than Enum's
        __hash__ = object.__hash__  # by identity: Enum's own is Python code, 1,000 instructions a look-up

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Action(Enum):
    """What a handler does to a connection, and what the peer does: DISCONNECT."""

    if not TYPE_CHECKING:
        __hash__ = object.__hash__

    ACCEPT = "accept"
    DENY = "deny"
    RECEIVE = "receive"
    SEND = "send"
    CLOSE = "close"
    DISCONNECT = "disconnect"


TRANSITIONS: Final[Mapping[State, Mapping[Action, State]]] = {
    State.CONNECTING: {
        Action.ACCEPT: State.OPEN,
        Action.DENY: State.CLOSED,
        Action.DISCONNECT: State.CLOSED,
    },
    State.OPEN: {
        Action.RECEIVE: State.OPEN,
        Action.SEND: State.OPEN,
        Action.CLOSE: State.CLOSING,
        Action.DISCONNECT: State.CLOSED,
    },
    State.CLOSING: {
        Action.RECEIVE: State.CLOSING,
        Action.CLOSE: State.CLOSING,
        Action.DISCONNECT: State.CLOSED,
    },
    State.CLOSED: {
        Action.RECEIVE: State.CLOSED,
        Action.CLOSE: State.CLOSED,
        Action.DISCONNECT: State.CLOSED,
    },
}


def step(state: State, action: Action) -> State:
    """Give the state that follows when `action` happens in `state`.

    Raises:
        InvalidState: the table has no such step. The message says what would be possible.
    """
    try:
        return TRANSITIONS[state][action]
    except KeyError:
        possible = ", ".join(each.value for each in TRANSITIONS[state] if each is not Action.DISCONNECT)
        raise InvalidState(
            f"can't {action.value} while the connection is {state.value}: possible now: {possible}"
        ) from None
