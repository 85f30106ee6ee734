"""A connection in another framework's route."""

import anyio
import pytest

from anysocket import (
    BadMessage,
    Connection,
    ConnectionClosed,
    Json,
    MessagePack,
    WebSocket,
    WebSocketRequest,
    from_asgi,
)
from anysocket.asgi import ASGIEvent, Scope
from anysocket.supervision.open_sessions import OPEN_SESSIONS, OpenSessions

pytestmark = pytest.mark.anyio

CONNECT: ASGIEvent = {"type": "websocket.connect"}
DISCONNECT: ASGIEvent = {"type": "websocket.disconnect", "code": 1001, "reason": "bye"}
ACCEPT: ASGIEvent = {"type": "websocket.accept", "subprotocol": None, "headers": []}
NORMAL: ASGIEvent = {"type": "websocket.close", "code": 1000, "reason": ""}
FAILED: ASGIEvent = {"type": "websocket.close", "code": 1011, "reason": ""}


def text(message: str) -> ASGIEvent:
    return {"type": "websocket.receive", "text": message}


def sent(message: str) -> ASGIEvent:
    return {"type": "websocket.send", "text": message}


class Server:
    """The application's end of a server."""

    def __init__(self, *events: ASGIEvent, **scope: object) -> None:
        self.scope: Scope = {"type": "websocket", "path": "/chat/7", "headers": [], **scope}
        self.coming = iter((CONNECT, *events))
        self.sent: list[ASGIEvent] = []

    async def receive(self) -> ASGIEvent:
        for event in self.coming:
            return event
        await anyio.sleep_forever()
        raise AssertionError

    async def send(self, event: ASGIEvent) -> None:
        self.sent.append(event)


async def test_a_connection() -> None:
    server = Server(text("a"), DISCONNECT)
    async with from_asgi(server.scope, server.receive, server.send, Connection[str, str]) as ws:
        assert ws.request.connecting
        await ws.accept()
        async for message in ws:
            await ws.send(message * 2)
        assert (ws.code, ws.request.reason) == (1001, "bye")
    assert server.sent == [ACCEPT, sent("aa")]


async def test_a_request() -> None:
    server = Server(path_params={"room": 7}, session={"user": 1}, state={"motto": "hello"})
    async with from_asgi(server.scope, server.receive, server.send) as request:
        assert isinstance(request, WebSocketRequest)
        assert request.path_params == {"room": "7"}
        assert (request.session, request.state["motto"]) == ({"user": 1}, "hello")
        await request.web_socket.accept()
    assert server.sent == [ACCEPT, NORMAL]


@pytest.mark.parametrize("scope", [{}, {"path_params": None}, {"path_params": {}}])
async def test_no_path_parameters(scope: Scope) -> None:
    server = Server(**scope)
    async with from_asgi(server.scope, server.receive, server.send, WebSocketRequest) as request:
        assert request.path_params == {}
        await request.deny()
    assert server.sent == [{"type": "websocket.close"}]


async def test_a_web_socket() -> None:
    server = Server(text("a"))
    async with from_asgi(server.scope, server.receive, server.send, WebSocket) as ws:
        await ws.accept()
        assert await ws.receive() == "a"
        await ws.close(1001)
    assert server.sent == [ACCEPT, {"type": "websocket.close", "code": 1001, "reason": ""}]


async def test_a_codec() -> None:
    server = Server({"type": "websocket.receive", "bytes": b"\x07"})
    connect = from_asgi(server.scope, server.receive, server.send, Connection[int, int], codec=MessagePack())
    async with connect as ws:
        await ws.accept()
        await ws.send(await ws.receive() + 1)
    assert server.sent == [ACCEPT, {"type": "websocket.send", "bytes": b"\x08"}, NORMAL]


async def test_sizes() -> None:
    server = Server(text("12345"))
    async with from_asgi(server.scope, server.receive, server.send, WebSocket, max_message_size=4) as ws:
        await ws.accept()
        assert await ws.receive() is None
    assert server.sent == [ACCEPT, {"type": "websocket.close", "code": 1009, "reason": ""}]


@pytest.mark.parametrize("kind", [int, Connection, str | bytes])
def test_what_is_no_socket(kind: type[WebSocket]) -> None:
    server = Server()
    with pytest.raises(TypeError, match="is no socket: use Connection"):
        from_asgi(server.scope, server.receive, server.send, kind)
    with pytest.raises(TypeError, match="a codec is for a Connection"):
        from_asgi(server.scope, server.receive, server.send, WebSocket, codec=Json())


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_block_that_fails(accepted: bool, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(extensions={"websocket.http.response": {}})

    async def route() -> None:
        async with from_asgi(server.scope, server.receive, server.send, WebSocket) as ws:
            if accepted:
                await ws.accept()
            raise KeyError

    with pytest.raises(KeyError):
        await route()
    assert "the handler of /chat/7 failed" in caplog.text
    if accepted:
        assert server.sent == [ACCEPT, FAILED]
    else:
        assert server.sent[0]["status"] == 500


async def test_a_block_that_answers_nothing(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(extensions={"websocket.http.response": {}})
    async with from_asgi(server.scope, server.receive, server.send):
        pass
    assert server.sent[0]["status"] == 500
    assert "returned without accept or deny" in caplog.text


async def test_the_peer_leaves() -> None:
    server = Server(DISCONNECT)
    async with from_asgi(server.scope, server.receive, server.send, Connection[str, str]) as ws:
        await ws.accept()
        await ws.receive()
        pytest.fail("it has left")
    assert server.sent == [ACCEPT]


async def test_a_bad_message() -> None:
    server = Server(text("[" * 100_000))
    async with from_asgi(server.scope, server.receive, server.send, Connection[int, int]) as ws:
        await ws.accept()
        await ws.receive()
    assert server.sent[0] == ACCEPT
    assert server.sent[1]["code"] == 1007


async def test_a_bad_message_that_is_handed() -> None:
    server = Server({"type": "websocket.receive", "bytes": b"x"})
    kind = Connection[str | BadMessage, str]
    async with from_asgi(server.scope, server.receive, server.send, kind) as ws:
        await ws.accept()
        message = await ws.receive()
        assert isinstance(message, BadMessage)
        await ws.send(message.reason)
    assert server.sent == [ACCEPT, sent("text only"), NORMAL]


async def test_draining() -> None:
    live, server, late = OpenSessions(), Server(), Server()
    token = OPEN_SESSIONS.set(live)
    try:
        async with (
            anyio.create_task_group() as tasks,
            from_asgi(server.scope, server.receive, server.send, Connection[str, str]) as ws,
        ):
            await ws.accept()
            tasks.start_soon(live.drain)
            assert await ws.request.wait_closed() == 1001
        assert server.sent == [ACCEPT, {"type": "websocket.close", "code": 1001, "reason": ""}]
        refused = from_asgi(late.scope, late.receive, late.send)
        with pytest.raises(ConnectionClosed):
            await refused.__aenter__()
    finally:
        OPEN_SESSIONS.reset(token)
