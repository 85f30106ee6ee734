"""An app as `serve` and `running` hand it to a server."""

import pytest

from anysocket import Application, WebSocketRequest
from anysocket.asgi import ASGIEvent, Receive, Scope, Send
from anysocket_adapters.normalise import normalise
from anysocket_adapters.options import Options
from anysocket_adapters.served import Served

pytestmark = pytest.mark.anyio

SCOPE: Scope = {"type": "websocket", "path": "/told", "headers": [], "a server's own": 7}


class Watched(Application):
    """An application that does something of its own around each connection."""

    calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        await super().__call__(scope, receive, send)


async def serve(app: Served) -> list[ASGIEvent]:
    sent: list[ASGIEvent] = []

    async def receive() -> ASGIEvent:
        return {"type": "websocket.connect"} if not sent else {"type": "websocket.disconnect", "code": 1001}

    async def send(event: ASGIEvent) -> None:
        sent.append(event)

    await app(SCOPE, receive, send)
    return sent


@pytest.mark.parametrize("kind", [Application, Watched])
async def test_a_handler_finds_what_only_the_server_tells(kind: type[Application]) -> None:
    app, found = kind(), list[object]()

    @app.websocket("/told")
    async def told(request: WebSocketRequest) -> None:
        found.append(request.scope["a server's own"])
        await request.web_socket.accept()

    sent = await serve(Served(app, "token", Options()))
    assert found == [7]
    assert [event["type"] for event in sent] == ["websocket.accept", "websocket.close"]


async def test_a_normalised_app_finds_it_too() -> None:
    found: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope.get("a server's own"))
        await receive()
        await send({"type": "websocket.accept"})

    await serve(Served(normalise(app), "token", Options()))
    assert found == [7]


async def test_a_subclass_is_called_as_it_wants_to_be() -> None:
    app = Watched()
    await serve(Served(app, "token", Options()))
    assert app.calls == 1
