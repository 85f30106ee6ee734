"""The state table, written a second time by hand."""

import pytest

from anysocket import Action, InvalidState, State
from anysocket.session.state import TRANSITIONS, step

STEPS = [
    (State.CONNECTING, Action.ACCEPT, State.OPEN),
    (State.CONNECTING, Action.DENY, State.CLOSED),
    (State.CONNECTING, Action.RECEIVE, None),
    (State.CONNECTING, Action.SEND, None),
    (State.CONNECTING, Action.CLOSE, None),
    (State.CONNECTING, Action.DISCONNECT, State.CLOSED),
    (State.OPEN, Action.ACCEPT, None),
    (State.OPEN, Action.DENY, None),
    (State.OPEN, Action.RECEIVE, State.OPEN),
    (State.OPEN, Action.SEND, State.OPEN),
    (State.OPEN, Action.CLOSE, State.CLOSING),
    (State.OPEN, Action.DISCONNECT, State.CLOSED),
    (State.CLOSING, Action.ACCEPT, None),
    (State.CLOSING, Action.DENY, None),
    (State.CLOSING, Action.RECEIVE, State.CLOSING),
    (State.CLOSING, Action.SEND, None),
    (State.CLOSING, Action.CLOSE, State.CLOSING),
    (State.CLOSING, Action.DISCONNECT, State.CLOSED),
    (State.CLOSED, Action.ACCEPT, None),
    (State.CLOSED, Action.DENY, None),
    (State.CLOSED, Action.RECEIVE, State.CLOSED),
    (State.CLOSED, Action.SEND, None),
    (State.CLOSED, Action.CLOSE, State.CLOSED),
    (State.CLOSED, Action.DISCONNECT, State.CLOSED),
]

POSSIBLE = {
    State.CONNECTING: "accept, deny",
    State.OPEN: "receive, send, close",
    State.CLOSING: "receive, close",
    State.CLOSED: "receive, close",
}


@pytest.mark.parametrize(("state", "action", "expected"), STEPS)
def test_step(state: State, action: Action, expected: State | None) -> None:
    if expected is None:
        with pytest.raises(InvalidState):
            step(state, action)
    else:
        assert step(state, action) is expected


def test_every_step_is_written_out() -> None:
    assert {(state, action) for state, action, _ in STEPS} == {(s, a) for s in State for a in Action}


@pytest.mark.parametrize(
    ("state", "action"), [(state, action) for state, action, expected in STEPS if expected is None]
)
def test_the_error_says_what_is_possible(state: State, action: Action) -> None:
    expected = f"can't {action.value} while the connection is {state.value}: possible now: {POSSIBLE[state]}"
    with pytest.raises(InvalidState, match=f"^{expected}$"):
        step(state, action)


def test_no_state_leads_back() -> None:
    order = list(State)
    for state, steps in TRANSITIONS.items():
        assert all(order.index(following) >= order.index(state) for following in steps.values())
