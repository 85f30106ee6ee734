"""The life of a connection as a state machine, without I/O.

`TRANSITIONS` is the whole table: what isn't in it is refused, and the diagram in the documentation
is drawn from it. `ConnectionState` holds everything that decides what is legal now, and its
`step` is the only way to change the state. `Session` adds a transport to it.

The states are those of RFC 6455 (sections 4.1, 4.2, 7.1.3 and 7.1.4). Three more divide its
CONNECTING, because an answer to the handshake takes time, and only one may be sent.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final

from anysocket.close import Close
from anysocket.errors import ConnectionClosed, InvalidState, WebSocketError


class State(Enum):
    """Where a connection is in its life."""

    if not TYPE_CHECKING:  # a type checker would see another type than Enum's
        __hash__ = object.__hash__  # by identity: Enum's own is Python code, 1,000 instructions a look-up

    CONNECTING = "connecting"
    """The handshake waits for an answer."""
    RESPONDING = "responding"
    """An ASGI application has begun a denial whose body isn't complete. Nothing has been sent."""
    ACCEPTING = "accepting"
    """The answer that opens the connection is being sent."""
    DENYING = "denying"
    """The response that refuses the connection is being sent."""
    OPEN = "open"
    CLOSING = "closing"
    """Our close is being sent; the server may wait for the peer's."""
    CLOSED = "closed"


class Action(Enum):
    """An action of a handler or, the last two, an event that changes the state."""

    if not TYPE_CHECKING:
        __hash__ = object.__hash__

    ACCEPT = "accept"
    DENY = "deny"
    RESPOND = "respond"
    """Begin a denial in parts, as ASGI's websocket.http.response.start does."""
    BODY = "body"
    """Add a part to its body. The last part is DENY."""
    RECEIVE = "receive"
    SEND = "send"
    CLOSE = "close"
    WAIT = "wait"
    """Wait for the end, as `wait_closed` and `task_group` do."""
    DONE = "done"
    """Accepting, denying or closing has ended. A close may also have been given up."""
    DISCONNECT = "disconnect"
    """The peer has left, or the connection broke."""


TRANSITIONS: Final[Mapping[State, Mapping[Action, State]]] = {
    State.CONNECTING: {
        Action.ACCEPT: State.ACCEPTING,
        Action.DENY: State.DENYING,
        Action.CLOSE: State.DENYING,
        Action.RESPOND: State.RESPONDING,
        Action.DISCONNECT: State.CLOSED,
    },
    State.RESPONDING: {
        Action.BODY: State.RESPONDING,
        Action.DENY: State.DENYING,
        Action.DISCONNECT: State.CLOSED,
    },
    State.ACCEPTING: {
        Action.DONE: State.OPEN,
        Action.DISCONNECT: State.CLOSED,
    },
    State.DENYING: {
        Action.DONE: State.CLOSED,
        Action.DISCONNECT: State.CLOSED,
    },
    State.OPEN: {
        Action.RECEIVE: State.OPEN,
        Action.SEND: State.OPEN,
        Action.WAIT: State.OPEN,
        Action.CLOSE: State.CLOSING,
        Action.DISCONNECT: State.CLOSED,
    },
    State.CLOSING: {
        Action.RECEIVE: State.CLOSING,
        Action.CLOSE: State.CLOSING,
        Action.WAIT: State.CLOSING,
        Action.DISCONNECT: State.CLOSING,
        Action.DONE: State.CLOSED,
    },
    State.CLOSED: {
        Action.RECEIVE: State.CLOSED,
        Action.CLOSE: State.CLOSED,
        Action.WAIT: State.CLOSED,
        Action.DONE: State.CLOSED,
        Action.DISCONNECT: State.CLOSED,
    },
}

ANSWERING: Final[frozenset[State]] = frozenset({State.ACCEPTING, State.DENYING})
"""The states in which an answer to the handshake is being sent."""

UNANSWERED: Final[frozenset[State]] = frozenset({State.CONNECTING, State.RESPONDING, *ANSWERING})
"""RFC 6455's CONNECTING: the connection is neither open nor refused."""

_HAPPENINGS = (Action.DONE, Action.DISCONNECT)


class ConnectionState:
    """The state of one connection, and the parts of it that don't fit into the table.

    Attributes:
        state: where the connection is in its life.
        receiving: whether a task waits in receive; only one may (contract M2). `Session.receive`
            sets it, because a step for each message would cost too much.
        end: how the connection ended, and None before. The first close stands (contract C1).
        ended_by_us: whether that is our own close.
        end_delivered: whether a receive has returned the end, or none is expected to.
    """

    __slots__ = ("end", "end_delivered", "ended_by_us", "receiving", "state")

    def __init__(self) -> None:
        self.state: State = _CONNECTING
        self.receiving: bool = False
        self.end: Close | None = None
        self.ended_by_us: bool = False
        self.end_delivered: bool = False

    @property
    def connecting(self) -> bool:
        """Whether the connection is neither open nor refused."""
        return self.state in UNANSWERED

    @property
    def code(self) -> int | None:
        """The close code, and None until the connection is closed (contract C1)."""
        return None if self.end is None else self.end.code

    @property
    def reason(self) -> str:
        """The close reason that goes with `code`, empty without one."""
        return "" if self.end is None else self.end.reason

    def step(self, action: Action) -> None:
        """Change the state as the table says.

        Raises:
            InvalidState: the action isn't legal now. The message says what is.
        """
        try:
            self.state = TRANSITIONS[self.state][action]
        except KeyError:
            raise self.refusal(action) from None

    def record_end(self, action: Action, end: Close) -> None:
        """Take a step that ends the connection, and keep how it ended: the first end stands."""
        self.step(action)
        if self.end is None:
            self.end = end
            self.ended_by_us = action is _CLOSE

    def allows(self, action: Action) -> bool:
        """Whether an action is legal now."""
        if self.receiving and action is Action.RECEIVE and self.state is State.OPEN:
            return False
        return action in TRANSITIONS[self.state]

    def check(self, action: Action) -> None:
        """Raise what `refusal` gives, unless an action is legal now."""
        if not self.allows(action):
            raise self.refusal(action) from None

    def refusal(self, action: Action) -> WebSocketError:
        """Give the error for an action that isn't legal now.

        It is `ConnectionClosed` for SEND after the end (contract C4), and otherwise an
        `InvalidState` whose message says what is legal.
        """
        if action is Action.RECEIVE and self.state is State.OPEN:
            return InvalidState("another task is waiting in receive: only one may at a time")
        if action is Action.SEND and self.end is not None:
            return ConnectionClosed(*self.end)
        possible = [each.value for each in TRANSITIONS[self.state] if each not in _HAPPENINGS]
        return InvalidState(
            f"can't {action.value} while the connection is {self.state.value}: "
            f"possible now: {', '.join(possible) or 'nothing'}"
        )


# Reading a module's name costs a tenth of reading an enumeration's member.
_CONNECTING = State.CONNECTING
_CLOSE = Action.CLOSE
