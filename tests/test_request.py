"""The peer's request as a handler sees it (contract H1)."""

import pytest

from anysocket import Headers, Query, WebSocketRequest
from anysocket.adapter import Handshake
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryTransport

HANDSHAKE = Handshake(
    path="/chat/é",
    raw_path=b"/chat/%C3%A9",
    root_path="/v1",
    query_string=b"a=1&a=2&b=%20",
    headers=[(b"host", b"example.org"), (b"x-trace", b"1"), (b"x-trace", b"caf\xe9")],
    subprotocols=("chat.v2", "chat.v1"),
    client=("192.0.2.1", 50000),
    server=("192.0.2.2", 443),
    scheme="wss",
    http_version="2",
    state={"pool": "a pool"},
)


def request_for(handshake: Handshake) -> WebSocketRequest:
    return WebSocketRequest(Session(MemoryTransport(handshake)), ("room",), ("é",))


def test_the_request() -> None:
    request = request_for(HANDSHAKE)
    assert request.path == "/chat/é"
    assert request.raw_path == b"/chat/%C3%A9"
    assert request.root_path == "/v1"
    assert request.query == Query([("a", "1"), ("a", "2"), ("b", " ")])
    assert request.headers == Headers([("host", "example.org"), ("x-trace", "1"), ("x-trace", "café")])
    assert request.subprotocols == ("chat.v2", "chat.v1")
    assert request.client == ("192.0.2.1", 50000)
    assert request.server == ("192.0.2.2", 443)
    assert request.scheme == "wss"
    assert request.http_version == "2"
    assert request.state == {"pool": "a pool"}
    assert request.path_params == {"room": "é"}


def test_the_least_request() -> None:
    request = request_for(Handshake())
    assert request.path == "/"
    assert request.query == Query()
    assert request.headers == Headers()
    assert request.subprotocols == ()
    assert request.client is None
    assert request.server is None
    assert request.scheme == "ws"
    assert request.state == {}


@pytest.mark.parametrize(
    "name", ["path", "client", "path_params", "web_socket", "subprotocols", "scheme", "session", "reason"]
)
def test_it_is_read_only(name: str) -> None:
    request = request_for(HANDSHAKE)
    with pytest.raises(AttributeError):
        setattr(request, name, None)


def test_the_handshake_is_read_only_too() -> None:
    with pytest.raises(AttributeError):
        setattr(HANDSHAKE, "path", "/")  # noqa: B010 - what a type checker refuses


def test_what_is_parsed_is_parsed_once() -> None:
    request = request_for(HANDSHAKE)
    assert request.headers is request.headers
    assert request.query is request.query
