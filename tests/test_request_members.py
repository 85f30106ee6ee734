"""The request's members beyond the fields of the handshake: subprotocols, session, scope, state, events."""

from enum import StrEnum

import pytest

from anysocket import Application, Close, Connection, Key, WebSocketRequest
from anysocket.adapter import Denial, Handshake
from anysocket.asgi import ASGIEvent, Scope
from anysocket.session.session import Session
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport

from .served import served

pytestmark = pytest.mark.anyio


class Chat(StrEnum):
    V1 = "chat.v1"
    V2 = "chat.v2"


class Nothing(StrEnum):
    pass


def request_for(handshake: Handshake, scope: Scope | None = None) -> WebSocketRequest:
    return WebSocketRequest(Session(MemoryTransport(handshake)), server_scope=scope)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (("chat.v2", "chat.v1"), Chat.V2),
        (("chat.v1", "chat.v2"), Chat.V1),
        (("other", "chat.v1"), Chat.V1),
        (("CHAT.V1", "V1"), None),
        ((), None),
    ],
)
async def test_choose(offered: tuple[str, ...], chosen: Chat | None) -> None:
    request = request_for(Handshake(subprotocols=offered))
    assert request.choose_subprotocol(Chat) is chosen
    assert request.choose_subprotocol(Nothing) is None
    await request.web_socket.accept(request.choose_subprotocol(Chat))
    assert not request.connecting


def test_session() -> None:
    session: dict[str, object] = {"user": 1}
    scope: Scope = {"session": session}
    request = request_for(Handshake(), scope)
    request.session["seen"] = True
    assert session == {"user": 1, "seen": True}
    assert request.scope["session"] is session


def test_no_session() -> None:
    with pytest.raises(
        LookupError, match=r"no session in the scope: wrap the application in a session middleware"
    ):
        _ = request_for(Handshake()).session


def test_a_session_that_comes_into_the_scope_later() -> None:
    scope: Scope = {}
    request = request_for(Handshake(), scope)
    scope["session"] = {}
    assert request.session == {}


def test_scope_and_url() -> None:
    request = request_for(Handshake(headers=[(b"host", b"a")], raw_path=b"/x", query_string=b"a=1"))
    assert request.scope["raw_path"] == b"/x"
    assert request.scope is request.scope
    assert request.url == "ws://a/x?a=1"
    assert request.url is request.url


def test_state_is_the_connections_own() -> None:
    user = Key[str]("user")
    handshake = Handshake(state={"user": "of all"})
    one, other = request_for(handshake), request_for(handshake)
    one.state[user] = "ada"
    assert (one.state[user], other.state[user], handshake.state) == ("ada", "of all", {"user": "of all"})


async def test_events_before_accept(connecting: Session, peer: MemoryPeer) -> None:
    request = WebSocketRequest(connecting)
    assert await request.events.receive() == {"type": "websocket.connect"}
    with pytest.raises(RuntimeError, match=r"unexpected ASGI event 'websocket.send'"):
        await request.events.send({"type": "websocket.send", "text": "x"})
    await request.events.send({"type": "websocket.accept"})
    assert not request.connecting
    assert await peer.receive() == Accepted(None, [])
    await peer.send("a")
    assert await request.events.receive() == {"type": "websocket.receive", "text": "a"}
    await request.web_socket.send("b")
    assert await peer.receive() == "b"
    await request.events.send({"type": "websocket.close", "code": 4001, "reason": "bye"})
    assert await peer.receive() == Close(4001, "bye")
    assert (request.web_socket.code, request.reason) == (4001, "bye")


async def test_events_after_accept(opened: Session, peer: MemoryPeer) -> None:
    request = WebSocketRequest(opened)
    await peer.send("a")
    await peer.close(1001)
    events: list[ASGIEvent] = [await request.events.receive() for _ in range(3)]
    end = {"type": "websocket.disconnect", "code": 1001, "reason": ""}
    assert events == [{"type": "websocket.receive", "text": "a"}, end, end]
    assert request.web_socket.code == 1001


async def test_events_that_deny(connecting: Session, peer: MemoryPeer) -> None:
    request = WebSocketRequest(connecting)
    await request.events.send({"type": "websocket.http.response.start", "status": 401, "headers": []})
    await request.events.send({"type": "websocket.http.response.body", "body": b"no"})
    assert await peer.receive() == Denial(401, [(b"content-length", b"2")], b"no")
    assert not request.connecting


async def test_the_reason_of_the_peer(opened: Session, peer: MemoryPeer) -> None:
    request = WebSocketRequest(opened)
    assert request.reason == ""
    await peer.close(4001, "bye")
    assert await request.wait_closed() == 4001
    assert request.reason == "bye"


async def test_a_route_has_it_all() -> None:
    app = Application()

    @app.websocket("/{room}")
    async def _(ws: Connection[str, str], room: str) -> None:
        await ws.send(f"{room} {ws.request.path_params['room']} {ws.request.query['a']} {ws.request.path}")

    async with served(app, Handshake(path="/é", query_string=b"a=1")) as connection:
        peer = await connection.accepted()
        assert await peer.receive() == "é é 1 /é"
