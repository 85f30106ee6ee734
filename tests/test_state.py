"""The state table, written a second time by hand."""

import re

import pytest

from anysocket import Close, ConnectionClosed, InvalidState
from anysocket.session.state import TRANSITIONS, Action, ConnectionState, State

TABLE = """
           accept    deny    respond    body       receive  send wait    close   done   disconnect
CONNECTING ACCEPTING DENYING RESPONDING -          -        -    -       DENYING -      CLOSED
RESPONDING -         DENYING -          RESPONDING -        -    -       -       -      CLOSED
ACCEPTING  -         -       -          -          -        -    -       -       OPEN   CLOSED
DENYING    -         -       -          -          -        -    -       -       CLOSED CLOSED
OPEN       -         -       -          -          OPEN     OPEN OPEN    CLOSING -      CLOSED
CLOSING    -         -       -          -          CLOSING  -    CLOSING CLOSING CLOSED CLOSING
CLOSED     -         -       -          -          CLOSED   -    CLOSED  CLOSED  CLOSED CLOSED
"""

HEADER, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
STEPS = [
    (State[row[0]], Action(action), None if following == "-" else State[following])
    for row in ROWS
    for action, following in zip(HEADER, row[1:], strict=True)
]
REFUSED = [(state, action) for state, action, following in STEPS if following is None]

POSSIBLE = {
    State.CONNECTING: "accept, deny, close, respond",
    State.RESPONDING: "body, deny",
    State.ACCEPTING: "nothing",
    State.DENYING: "nothing",
    State.OPEN: "receive, send, wait, close",
    State.CLOSING: "receive, close, wait",
    State.CLOSED: "receive, close, wait",
}


def at(state: State) -> ConnectionState:
    connection = ConnectionState()
    connection.state = state
    return connection


def test_every_step_is_written_out() -> None:
    assert {(state, action) for state, action, _ in STEPS} == {(s, a) for s in State for a in Action}


@pytest.mark.parametrize(("state", "action", "following"), STEPS)
def test_step(state: State, action: Action, following: State | None) -> None:
    connection = at(state)
    assert connection.allows(action) is (following is not None)
    if following is None:
        with pytest.raises(InvalidState):
            connection.step(action)
    else:
        connection.step(action)
    assert connection.state is (following or state)


@pytest.mark.parametrize(("state", "action"), REFUSED)
def test_the_error_says_what_is_possible(state: State, action: Action) -> None:
    expected = f"can't {action.value} while the connection is {state.value}: possible now: {POSSIBLE[state]}"
    with pytest.raises(InvalidState, match=f"^{re.escape(expected)}$"):
        at(state).check(action)


def test_no_state_leads_back() -> None:
    order = list(State)
    for state, steps in TRANSITIONS.items():
        assert all(order.index(following) >= order.index(state) for following in steps.values())


def test_only_one_task_receives() -> None:
    connection = at(State.OPEN)
    connection.receiving = True
    assert not connection.allows(Action.RECEIVE)
    with pytest.raises(InvalidState, match="another task is waiting in receive"):
        connection.check(Action.RECEIVE)
    connection.record_end(Action.DISCONNECT, Close(1006))
    connection.check(Action.RECEIVE)  # at the end, for every waiting task


@pytest.mark.parametrize("first", [Action.CLOSE, Action.DISCONNECT])
def test_the_first_end_stands(first: Action) -> None:
    connection = at(State.OPEN)
    connection.record_end(first, Close(4001, "first"))
    connection.record_end(Action.DISCONNECT, Close(1006))
    assert (connection.code, connection.reason) == (4001, "first")
    assert connection.ended_by_us is (first is Action.CLOSE)


def test_send_after_the_end_says_how_it_ended() -> None:
    connection = at(State.OPEN)
    connection.record_end(Action.CLOSE, Close(4001, "ours"))
    with pytest.raises(ConnectionClosed) as closed:
        connection.check(Action.SEND)
    assert (closed.value.code, closed.value.reason) == (4001, "ours")
