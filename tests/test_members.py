"""What a handler can call: five members, and nothing that it could come to depend on by accident."""

from anysocket import WebSocket
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryTransport


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_five_members() -> None:
    assert public(WebSocket) == {"accept", "receive", "send", "close", "code"}


def test_a_session_adds_what_the_application_needs() -> None:
    assert public(Session) - public(WebSocket) == {
        "handshake",
        "path",
        "state",
        "answering",
        "reason",
        "limit_messages",
        "wait_lost",
        "wait_closed",
        "read_ahead",
        "wait_over",
        "closing",
        "wait_close_sent",
        "deny",
    }


def test_no_attributes_of_ones_own() -> None:
    assert not hasattr(Session(MemoryTransport()), "__dict__")
