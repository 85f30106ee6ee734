"""Typed values that are kept for handlers."""

import pytest

from anysocket import Application, Key, WebSocketRequest
from anysocket.adapter import Handshake
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryTransport
from anysocket.values import Values

NAME = Key[str]("name")
COUNT = Key[int]("count")


def test_a_key_is_a_string() -> None:
    assert NAME == "name"
    assert {NAME: 1} == {"name": 1}


def test_what_is_set() -> None:
    values = Values()
    assert (len(values), NAME in values, values.get(NAME)) == (0, False, None)
    values[NAME] = "a"
    values[NAME] = "b"
    assert (values[NAME], values["name"], len(values), repr(values)) == ("b", "b", 1, "{'name': 'b'}")


def test_what_is_missing() -> None:
    with pytest.raises(
        KeyError, match="no 'name' in the state: yield it in the lifespan, or set it by its Key"
    ):
        Values()[NAME]


def test_the_own_value_wins_over_those_below() -> None:
    upper, lower = {"name": "upper"}, Values()
    lower[NAME] = "lower"
    lower[COUNT] = 1
    values = Values(upper, lower)
    assert (values[NAME], values[COUNT]) == ("upper", 1)
    values[NAME] = "own"
    assert dict(values) == {"name": "own", "count": 1}
    assert list(values) == ["name", "count"]
    assert len(values) == 2
    assert (upper, lower[NAME]) == ({"name": "upper"}, "lower")


def test_what_is_below_may_change_later() -> None:
    app = Application()
    handshake = Handshake(state={"motto": "hello"})
    request = WebSocketRequest(Session(MemoryTransport(handshake)), app_state=app.state)
    assert request.state == {"motto": "hello"}
    app.state[COUNT] = 1
    assert request.state[COUNT] == 1
    request.state[COUNT] = 2
    assert (app.state[COUNT], request.state[COUNT]) == (1, 2)
    assert request.state == {"motto": "hello", "count": 2}
