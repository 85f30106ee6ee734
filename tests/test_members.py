"""The members of a handler's socket: five, and no others that a handler could depend on by accident."""

from anysocket import WebSocket
from anysocket.session.session import Session
from anysocket.session.state import ConnectionState
from anysocket.testing.memory import MemoryTransport


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_five_members() -> None:
    assert public(WebSocket) == {"accept", "receive", "send", "close", "code"}


def test_a_session_adds_what_the_application_needs() -> None:
    assert public(Session) - public(WebSocket) == {
        *(public(ConnectionState) - public(WebSocket)),
        "handshake",
        "path",
        "capabilities",
        "begin_denial",
        "limit_messages",
        "deny",
        "read_ahead",
        "wait_disconnected",
        "wait_closed",
        "wait_close_sent",
        "wait_end_delivered",
    }


def test_no_attributes_of_ones_own() -> None:
    assert not hasattr(Session(MemoryTransport()), "__dict__")
