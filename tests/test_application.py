"""The application as an ASGI application: http requests beside the handlers, as the specification says."""

import pytest

from anysocket import Application, WebSocketRequest
from anysocket.asgi import ASGIEvent, Receive, Scope, Send

pytestmark = pytest.mark.anyio


async def chat(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    name = request.state.get("name")
    await request.web_socket.send(f"{request.path_params['room']} {name}")


def application() -> Application:
    app = Application()
    app.websocket("/chat/{room}")(chat)
    return app


async def exchange(app: Application, scope: Scope, *events: ASGIEvent) -> list[ASGIEvent]:
    """Return the events that the application sends in answer to these events."""
    coming = iter(events)
    sent: list[ASGIEvent] = []

    async def receive() -> ASGIEvent:
        return next(coming)

    async def send(event: ASGIEvent) -> None:
        sent.append(event)

    await app(scope, receive, send)
    return sent


def http_scope(path: str, http_version: str = "1.1") -> Scope:
    return {"type": "http", "path": path, "http_version": http_version, "method": "GET", "headers": []}


def websocket_scope(path: str) -> Scope:
    return {"type": "websocket", "path": path, "headers": [], "state": {"name": "ours"}}


async def test_a_connection() -> None:
    sent = await exchange(application(), websocket_scope("/chat/lobby"), {"type": "websocket.connect"})
    assert sent == [
        {"type": "websocket.accept", "subprotocol": None, "headers": []},
        {"type": "websocket.send", "text": "lobby ours"},
        {"type": "websocket.close", "code": 1000, "reason": ""},
    ]


async def test_no_route() -> None:
    sent = await exchange(application(), websocket_scope("/none"), {"type": "websocket.connect"})
    assert sent == [{"type": "websocket.close"}]


@pytest.mark.parametrize(
    ("path", "http_version", "status", "body"),
    [
        ("/chat/lobby", "1.1", 426, b"Upgrade Required"),
        ("/none", "1.1", 404, b"Not Found"),
        ("/chat/lobby", "2", 404, b"Not Found"),  # HTTP/2 has no upgrade (RFC 9113 section 8.6)
        ("/chat/lobby", "1.0", 404, b"Not Found"),
    ],
)
async def test_http_without_an_application(path: str, http_version: str, status: int, body: bytes) -> None:
    upgrade = [(b"upgrade", b"websocket"), (b"connection", b"upgrade")] if status == 426 else []
    assert await exchange(application(), http_scope(path, http_version)) == [
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                *upgrade,
                (b"content-length", b"%d" % len(body)),
            ],
        },
        {"type": "http.response.body", "body": body},
    ]


@pytest.mark.parametrize("path", ["/chat/lobby", "/none"])
async def test_http_goes_to_the_application_behind(path: str) -> None:
    async def http(scope: Scope, receive: Receive, send: Send) -> None:
        assert await receive() == {"type": "http.request"}
        await send({"type": "http.response.start", "path": scope["path"]})

    app = Application(http=http)
    app.websocket("/chat/{room}")(chat)
    assert await exchange(app, http_scope(path), {"type": "http.request"}) == [
        {"type": "http.response.start", "path": path}
    ]


@pytest.mark.parametrize(
    ("path", "status"), [("/ws/chat/lobby", 426), ("/ws/none", 404), ("/chat/lobby", 426)]
)
async def test_http_where_it_is_mounted(path: str, status: int) -> None:
    start, _ = await exchange(application(), {**http_scope(path), "root_path": "/ws"})
    assert start["status"] == status


async def test_connections_never_go_to_the_application_behind() -> None:
    async def http(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError(f"it got {scope['type']}")

    scope = websocket_scope("/none")
    assert await exchange(Application(http=http), scope, {"type": "websocket.connect"}) == [
        {"type": "websocket.close"}
    ]


def test_the_decorator_gives_a_route() -> None:
    route = Application().websocket("/{name}")(chat)
    assert (route.path, route.handler) == ("/{name}", chat)


def test_a_route_that_is_taken() -> None:
    with pytest.raises(ValueError, match="has a handler already"):
        application().websocket("/chat/{name}")(chat)


async def test_each_route_has_its_own_name_for_a_parameter_in_the_same_place() -> None:
    async def seen(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await request.web_socket.send(str(request.path_params))

    app = Application()
    for route in ("/{user}", "/{room}/members"):
        app.websocket(route)(seen)
    events: tuple[ASGIEvent, ...] = (
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1000},
    )
    for path, expected in (("/7", {"user": "7"}), ("/7/members", {"room": "7"})):
        sent = await exchange(app, websocket_scope(path), *events)
        assert sent[1]["text"] == str(expected)
