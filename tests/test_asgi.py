"""The plain ASGI transport, with the events of the specification."""

import pytest

from anysocket import Close, Unsupported
from anysocket.adapter import Denial, Handshake, Transport
from anysocket.asgi import ASGIEvent, Scope, WebSocketEvent
from anysocket.session.session import Session
from anysocket_adapters import ASGITransport

pytestmark = pytest.mark.anyio

EXTENSION: dict[str, object] = {"websocket.http.response": {}}
CONNECT: ASGIEvent = {"type": "websocket.connect"}
DISCONNECT: ASGIEvent = {"type": "websocket.disconnect", "code": 1006}


def handshake(scope: Scope) -> Handshake:
    server = Server()
    return ASGITransport(scope, server.receive, server.send).handshake


class Server:
    """The application's end of a server."""

    def __init__(self, *events: ASGIEvent) -> None:
        self.coming = iter(events)
        self.sent: list[ASGIEvent] = []

    def transport(self, **scope: object) -> ASGITransport:
        return ASGITransport({"path": "/", "headers": [], **scope}, self.receive, self.send)

    async def receive(self) -> ASGIEvent:
        return next(self.coming)

    async def send(self, event: ASGIEvent) -> None:
        self.sent.append(event)


def test_it_is_a_transport() -> None:
    transport: Transport = Server().transport()
    assert transport.peer_left_errors == (OSError,)
    assert transport.handshake == Handshake()


RECEIVE = "websocket.receive"


@pytest.mark.parametrize(
    ("event", "close"),
    [
        (DISCONNECT, Close(1006)),
        ({"type": "websocket.disconnect", "code": 4001, "reason": "bye"}, Close(4001, "bye")),
        ({"type": "websocket.disconnect", "code": 4001, "reason": ""}, Close(4001)),
        ({"type": "websocket.disconnect", "code": 4001, "reason": None}, Close(4001)),
        ({"type": "websocket.disconnect", "code": None}, Close(1005)),
        ({"type": "websocket.disconnect"}, Close(1005)),
    ],
)
def test_ended(event: WebSocketEvent, close: Close) -> None:
    assert Server().transport().ended(event) == close


def test_a_whole_scope() -> None:
    assert handshake(
        {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "2",
            "scheme": "wss",
            "path": "/v1/chat/é",
            "raw_path": b"/v1/chat/%C3%A9",
            "query_string": b"a=1",
            "root_path": "/v1",
            "headers": [(b"host", b"example.org"), (b"x", b"1"), (b"x", b"2")],
            "client": ["192.0.2.1", 50000],
            "server": ["192.0.2.2", 443],
            "subprotocols": ["chat.v2", "chat.v1"],
            "state": {"pool": 7},
        }
    ) == Handshake(
        path="/chat/é",
        raw_path=b"/v1/chat/%C3%A9",
        root_path="/v1",
        query_string=b"a=1",
        headers=((b"host", b"example.org"), (b"x", b"1"), (b"x", b"2")),
        subprotocols=("chat.v2", "chat.v1"),
        client=("192.0.2.1", 50000),
        server=("192.0.2.2", 443),
        scheme="wss",
        http_version="2",
        state={"pool": 7},
    )


def test_the_least_scope() -> None:
    assert handshake({"type": "websocket", "path": "/é", "headers": []}) == Handshake(
        path="/é", raw_path=b"/%C3%A9"
    )


@pytest.mark.parametrize(
    ("root_path", "path", "expected"),
    [
        ("", "/chat", "/chat"),
        ("/v1", "/v1/chat", "/chat"),
        ("/v1", "/v1", "/"),
        ("/v1", "/v1/", "/"),
        ("/v1", "/chat", "/chat"),  # a server that has already removed it
        ("/v1", "/v10/chat", "/v10/chat"),
        ("/v1", "/v1/v1/chat", "/v1/chat"),
        ("/api/v1", "/api/v1/chat", "/chat"),
    ],
)
def test_the_path_is_below_the_root_path(root_path: str, path: str, expected: str) -> None:
    assert handshake({"path": path, "root_path": root_path, "headers": []}).path == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (("192.0.2.1", 80), ("192.0.2.1", 80)),
        (["::1", 80], ("::1", 80)),
        (None, None),
        (["/run/app.sock", None], None),
        ("/run/app.sock", None),
        ("", None),
        ([], None),
    ],
)
def test_addresses(value: object, expected: tuple[str, int] | None) -> None:
    both = handshake({"path": "/", "headers": [], "client": value, "server": value})
    assert (both.client, both.server) == (expected, expected)


async def test_accept() -> None:
    server = Server(CONNECT)
    await server.transport().accept("chat", ((b"x", b"1"),))
    assert server.sent == [{"type": "websocket.accept", "subprotocol": "chat", "headers": [(b"x", b"1")]}]


async def test_send_and_close() -> None:
    server = Server()
    transport = server.transport()
    await transport.send({"type": "websocket.send", "text": ""})
    await transport.send({"type": "websocket.send", "bytes": b""})
    await transport.close(Close(4001, "bye"))
    assert server.sent == [
        {"type": "websocket.send", "text": ""},
        {"type": "websocket.send", "bytes": b""},
        {"type": "websocket.close", "code": 4001, "reason": "bye"},
    ]


async def test_deny_with_the_extension() -> None:
    server = Server(CONNECT)
    await server.transport(extensions=EXTENSION).deny(Denial(404, ((b"x", b"1"),), b"none"))
    assert server.sent == [
        {"type": "websocket.http.response.start", "status": 404, "headers": [(b"x", b"1")]},
        {"type": "websocket.http.response.body", "body": b"none"},
    ]


WITHOUT: list[Scope] = [{}, {"extensions": None}, {"extensions": {}}, {"extensions": {"tls": {}}}]


@pytest.mark.parametrize("scope", WITHOUT)
async def test_deny_without_the_extension(scope: Scope) -> None:
    server = Server(CONNECT)
    await server.transport(**scope).deny(Denial())
    assert server.sent == [{"type": "websocket.close"}]


@pytest.mark.parametrize("scope", WITHOUT)
@pytest.mark.parametrize(
    "denial", [Denial(404), Denial(403, (), b"why"), Denial(403, ((b"x", b"1"),)), Denial(500), Denial(302)]
)
async def test_a_denial_that_needs_the_extension(scope: Scope, denial: Denial) -> None:
    server = Server(CONNECT)
    transport = server.transport(**scope)
    session = Session(transport)
    with pytest.raises(Unsupported, match=r"denial_(status|response)"):
        await session.deny(denial)
    assert server.sent == []
    await session.close()  # the connect event is still there
    assert server.sent == [{"type": "websocket.close"}]


async def test_the_peer_left_during_the_handshake() -> None:
    server = Server(DISCONNECT, DISCONNECT, DISCONNECT)
    with pytest.raises(ASGITransport.peer_left_errors):
        await server.transport().accept(None, ())
    with pytest.raises(ASGITransport.peer_left_errors):
        await server.transport().deny(Denial())
    with pytest.raises(ASGITransport.peer_left_errors):
        await server.transport(extensions=EXTENSION).deny(Denial(404))
    assert server.sent == []
