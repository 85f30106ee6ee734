"""The handshake as an ASGI scope."""

from anysocket.adapter import Handshake
from anysocket.asgi_app.scope import scope_of

HANDSHAKE = Handshake(
    path="/é",
    raw_path=b"/v1/%C3%A9",
    root_path="/v1",
    query_string=b"a=1",
    headers=((b"host", b"a"),),
    subprotocols=("x",),
    client=("192.0.2.1", 1),
    server=("192.0.2.2", 2),
    scheme="wss",
    http_version="2",
    state={"a": 1},
)


def test_the_scope() -> None:
    assert scope_of(HANDSHAKE, {"path": "wrong", "session": {"user": 1}, "asgi": {"version": "2.0"}}) == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "2",
        "scheme": "wss",
        "path": "/v1/é",
        "raw_path": b"/v1/%C3%A9",
        "query_string": b"a=1",
        "root_path": "/v1",
        "headers": [(b"host", b"a")],
        "client": ("192.0.2.1", 1),
        "server": ("192.0.2.2", 2),
        "subprotocols": ["x"],
        "state": {"a": 1},
        "extensions": {"websocket.http.response": {}},
        "session": {"user": 1},
    }


def test_a_path_that_is_no_utf8() -> None:
    assert scope_of(Handshake(raw_path=b"/%ff\xff%00%zz"), {})["path"] == "/\ufffd\ufffd\0%zz"
