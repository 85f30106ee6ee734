"""An app as `serve` and `running` pass it to a server."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import anyio
import anyio.lowlevel
import pytest

from anysocket import Application, WebSocketRequest
from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send
from anysocket.supervision.open_sessions import current_task
from anysocket_adapters.normalise import normalise
from anysocket_adapters.options import Options
from anysocket_adapters.serving.served_app import ServedApp

pytestmark = pytest.mark.anyio

SCOPE: Scope = {"type": "websocket", "path": "/seen", "headers": [], "a server's own": 7}


Make: TypeAlias = Callable[[anyio.Event, list[str]], ASGIApp]


class Watched(Application):
    """An application with its own code around each connection."""

    calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        await super().__call__(scope, receive, send)


async def serve(app: ServedApp, *texts: str) -> list[ASGIEvent]:
    sent: list[ASGIEvent] = []
    left = list(texts)

    async def receive() -> ASGIEvent:
        if not sent:
            return {"type": "websocket.connect"}
        if left:
            return {"type": "websocket.receive", "text": left.pop(0)}
        return {"type": "websocket.disconnect", "code": 1001}

    async def send(event: ASGIEvent) -> None:
        sent.append(event)

    await app(SCOPE, receive, send)
    return sent


@pytest.mark.parametrize("kind", [Application, Watched])
async def test_a_handler_finds_what_only_the_server_tells(kind: type[Application]) -> None:
    app, found = kind(), list[object]()

    @app.websocket("/seen")
    async def seen(request: WebSocketRequest) -> None:
        found.append(request.scope["a server's own"])
        await request.web_socket.accept()

    sent = await serve(ServedApp(app, "token", Options()))
    assert found == [7]
    assert [event["type"] for event in sent] == ["websocket.accept", "websocket.close"]


async def test_a_normalised_app_finds_it_too() -> None:
    found: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope.get("a server's own"))
        await receive()
        await send({"type": "websocket.accept"})

    await serve(ServedApp(normalise(app), "token", Options()))
    assert found == [7]


async def test_a_subclass_is_called_as_it_wants_to_be() -> None:
    app = Watched()
    await serve(ServedApp(app, "token", Options()))
    assert app.calls == 1


def of_our_own(kind: type[Application], began: anyio.Event, ended: list[str]) -> ASGIApp:
    app = kind()

    @app.websocket("/seen")
    async def seen(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await hanging(began, ended)

    return app


def of_another_framework(began: anyio.Event, ended: list[str]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await hanging(began, ended)

    return app


async def hanging(began: anyio.Event, ended: list[str]) -> None:
    began.set()
    try:
        await anyio.sleep_forever()
    finally:
        ended.append("handler")


def normalised(began: anyio.Event, ended: list[str]) -> ASGIApp:
    return normalise(of_another_framework(began, ended))


def application(began: anyio.Event, ended: list[str]) -> ASGIApp:
    return of_our_own(Application, began, ended)


def subclass(began: anyio.Event, ended: list[str]) -> ASGIApp:
    return of_our_own(Watched, began, ended)


@pytest.mark.parametrize("make", [application, subclass, normalised, of_another_framework])
async def test_what_outlasts_its_grace_is_cancelled(make: Make) -> None:
    """The server sees that the app has ended, although its task may go on."""
    began, ended = anyio.Event(), list[str]()
    served = ServedApp(make(began, ended), "token", Options(normalise=False))

    async def serve_then_go_on() -> None:
        await serve(served)
        await anyio.lowlevel.checkpoint()
        task = current_task()
        assert task is None or not task.cancelling()
        ended.append("server")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve_then_go_on)
        await began.wait()
        served.cancel_connections()
    assert ended == ["handler", "server"]


async def echo(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    while (message := await request.web_socket.receive()) is not None:
        await request.web_socket.send(message)


async def echo_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})


def echoing(kind: type[Application]) -> Application:
    app = kind()
    app.websocket("/seen")(echo)
    return app


LIMITED = Options(max_message_size=3)


@pytest.mark.parametrize(
    ("app", "options"),
    [
        (echoing(Application), LIMITED),
        (echoing(Watched), LIMITED),
        (normalise(echo_asgi), LIMITED),
        (echo_asgi, replace(LIMITED, normalise=True)),
    ],
    ids=["application", "subclass", "normalised", "normalise"],
)
async def test_a_limit_is_of_the_serving_and_not_of_the_app(app: ASGIApp, options: Options) -> None:
    unlimited = replace(options, max_message_size=None)
    for last, chosen in ((1009, options), (None, unlimited), (1009, options)):
        sent = await in_a_context_of_its_own(ServedApp(app, "token", chosen), "abc", "abcd")
        assert [each.get("text") for each in sent[1:3]] == ["abc", None if last else "abcd"]
        assert last is None or sent[-1].get("code") == last


async def in_a_context_of_its_own(app: ServedApp, *texts: str) -> list[ASGIEvent]:
    """Serve a connection in a task, as servers do."""
    sent = list[ASGIEvent]()

    async def run() -> None:
        sent.extend(await serve(app, *texts))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
    return sent


@pytest.mark.parametrize("app", [echoing(Application), echo_asgi])
async def test_a_context_keeps_no_limit_of_an_app_served_before(app: ASGIApp) -> None:
    await serve(ServedApp(echoing(Application), "token", LIMITED), "abcd")
    sent = await serve(ServedApp(app, "token", Options(normalise=app is echo_asgi)), "abcd")
    assert sent[1]["text"] == "abcd"
