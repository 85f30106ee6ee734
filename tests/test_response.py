"""Denying with another framework's response."""

from collections.abc import Iterable

import anyio
import pytest

from anysocket import InvalidState, WebSocketRequest
from anysocket.adapter import Denial, Handshake
from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send
from anysocket.asgi_app.response import respond
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryTransport

pytestmark = pytest.mark.anyio

SCOPE: Scope = {
    "type": "websocket",
    "scheme": "wss",
    "path": "/",
    "extensions": {"websocket.http.response": {}},
}


def app_of(*events: ASGIEvent) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for event in events:
            await send(event)

    return app


def start(status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> ASGIEvent:
    return {"type": "http.response.start", "status": status, "headers": headers}


BODY: ASGIEvent = {"type": "http.response.body", "body": b"no"}


@pytest.mark.parametrize(
    ("events", "denial"),
    [
        (
            [start(401, [(b"x-a", b"b")]), BODY],
            Denial(401, [(b"x-a", b"b"), (b"content-length", b"2")], b"no"),
        ),
        (
            [start(404, [(b"content-length", b"4")]), {**BODY, "more_body": True}, BODY],
            Denial(404, [(b"content-length", b"4")], b"nono"),
        ),
        (
            [{"type": "http.response.start", "status": 302}, {"type": "http.response.body"}],
            Denial(302, [(b"content-length", b"0")]),
        ),
        ([start(403), {"type": "http.response.debug"}], Denial(403, [(b"content-length", b"0")])),
    ],
)
async def test_responses(events: list[ASGIEvent], denial: Denial) -> None:
    assert await respond(app_of(*events), SCOPE) == denial


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "gave no response to deny the connection with"),
        ([start(200), BODY], "status 200 doesn't refuse a connection"),
        ([start(401, [(b"content-length", b"9")]), BODY], "content-length doesn't match"),
        ([start(401, [(b"transfer-encoding", b"chunked")]), BODY], "the handshake's own"),
    ],
)
async def test_what_denies_nothing(events: list[ASGIEvent], message: str) -> None:
    transport = MemoryTransport()
    request = WebSocketRequest(Session(transport))
    with pytest.raises(ValueError, match=message):
        await request.deny(app_of(*events))
    assert request.connecting  # nothing has been sent
    await request.deny(app_of(start(401), BODY))
    assert await transport.peer.receive() == Denial(401, [(b"content-length", b"2")], b"no")
    with pytest.raises(InvalidState):
        await request.deny(app_of(start(401), BODY))


async def test_a_response_has_its_own_headers_and_body() -> None:
    request = WebSocketRequest(Session(MemoryTransport()))
    for headers, body in (([("a", "b")], b""), ((), "x")):
        with pytest.raises(TypeError, match="a response has its own headers and body"):
            await request.deny(app_of(start(401), BODY), headers, body)
    assert request.connecting


@pytest.mark.parametrize(("scheme", "expected"), [("ws", "http"), ("wss", "https"), ("https", "https")])
async def test_the_scope_that_the_app_sees(scheme: str, expected: str) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        assert await receive() == {"type": "http.request"}
        await app_of(start(401), BODY)(scope, receive, send)

    transport = MemoryTransport(Handshake(scheme=scheme, raw_path=b"/x"))
    await WebSocketRequest(Session(transport)).deny(app)
    (scope,) = seen
    assert (scope["type"], scope["method"], scope["scheme"]) == ("http", "GET", expected)
    assert (scope["path"], scope["extensions"]) == ("/x", {})


async def test_an_app_that_watches_for_the_peers_loss() -> None:
    """Starlette's StreamingResponse did this until 2024; the app must neither spin nor wait for ever."""

    lost = False

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def watch() -> None:
            nonlocal lost
            while (await receive())["type"] != "http.disconnect":
                pass
            lost = True

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            await app_of(start(401), {**BODY, "more_body": True})(scope, receive, send)
            await anyio.wait_all_tasks_blocked()
            assert not lost
            await send(BODY)

    assert (await respond(app, SCOPE)).body == b"nono"
    assert lost
