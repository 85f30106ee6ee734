"""The client in memory with which users test their handlers."""

import pickle
import re
from collections.abc import Awaitable, Callable

import anyio
import pytest

from anysocket import Application, ConnectionClosed, Headers, WebSocketRequest
from anysocket.adapter import Transport
from anysocket.asgi import Receive, Scope, Send
from anysocket.testing import Denied, connect, connect_and_leave
from anysocket_adapters import normalise

pytestmark = pytest.mark.anyio

app = Application()


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


def serving(handler: Callable[[WebSocketRequest], Awaitable[None]]) -> Application:
    one = Application(close_timeout=1)
    one.websocket("/")(handler)
    return one


class Seen:
    """Accepts a peer and records its handler's observations."""

    request: WebSocketRequest
    code: int | None = None

    @property
    def app(self) -> Application:
        return serving(self.handler)

    async def handler(self, request: WebSocketRequest) -> None:
        self.request = request
        ws = request.web_socket
        await ws.accept()
        while await ws.receive() is not None:
            pass
        self.code = ws.code


@pytest.mark.parametrize("message", ["hello", "", b"bytes", b"", "é\N{GRINNING FACE}"])
async def test_messages(message: str | bytes) -> None:
    async with connect(app, "/echo") as peer:
        await peer.send(message)
        answer = await peer.receive()
        assert answer == message
        assert type(answer) is type(message)


async def test_messages_of_any_type_of_bytes() -> None:
    async with connect(app, "/echo") as peer:
        await peer.send(bytearray(b"a"))
        await peer.send(memoryview(b"b"))
        assert [await peer.receive(), await peer.receive()] == [b"a", b"b"]


@pytest.mark.parametrize("data", [None, 3, ["x"], {"a": 1}])
async def test_what_cannot_be_sent(data: str) -> None:
    async with connect(app, "/echo") as peer:
        with pytest.raises(TypeError):
            await peer.send(data)
        with pytest.raises(UnicodeEncodeError):
            await peer.send("\ud800")
        await peer.send("still open")
        assert await peer.receive() == "still open"


async def test_what_the_handler_answers() -> None:
    async def choose(request: WebSocketRequest) -> None:
        await request.web_socket.accept("v1", [("x-label", "blue"), ("x-label", "red")])

    async with connect(serving(choose), subprotocols=("v2", "v1")) as peer:
        assert peer.subprotocol == "v1"
        assert peer.headers == Headers([("x-label", "blue"), ("x-label", "red")])
        before = peer.code, peer.reason
        assert await peer.receive() is None
        assert [before, (peer.code, peer.reason)] == [(None, None), (1000, "")]


async def test_a_request_like_that_of_a_real_peer() -> None:
    seen = Seen()
    async with connect(seen.app, "/?tag=a&tag=caf%C3%A9", headers=[("X-Key", "1")], subprotocols=["a", "b"]):
        pass
    request = seen.request
    assert request.query.get_all("tag") == ["a", "café"]
    assert request.headers.pairs() == (
        ("host", "testserver"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "a, b"),
        ("x-key", "1"),
    )
    assert request.subprotocols == ("a", "b")
    assert (request.scheme, request.http_version, request.root_path) == ("ws", "1.1", "")
    assert request.client == ("127.0.0.1", 50000)
    assert request.server == ("testserver", 80)
    assert request.state == {}


async def test_what_a_test_says_otherwise() -> None:
    seen = Seen()
    headers = [(b"Host", b"example.net")]
    async with connect(seen.app, headers=headers, client=None, state={"motto": "hello"}):
        pass
    assert seen.request.headers.get_all("host") == ["example.net"]
    assert "sec-websocket-protocol" not in seen.request.headers
    assert seen.request.client is None
    assert seen.request.state["motto"] == "hello"


@pytest.mark.parametrize(
    ("target", "host", "server", "scheme"),
    [
        ("wss://example.org/", "example.org", ("example.org", 443), "wss"),
        ("ws://example.org:8000", "example.org:8000", ("example.org", 8000), "ws"),
        ("ws://[::1]:9000/", "[::1]:9000", ("::1", 9000), "ws"),
    ],
)
async def test_a_whole_url(target: str, host: str, server: tuple[str, int], scheme: str) -> None:
    seen = Seen()
    async with connect(seen.app, target):
        pass
    assert seen.request.headers["host"] == host
    assert (seen.request.server, seen.request.scheme) == (server, scheme)


@pytest.mark.parametrize("target", ["/r/caf%C3%A9%2Fbar%20;v=1?q=%2F&é", "/r/café%2Fbar ;v=1?q=%2F&%C3%A9"])
async def test_a_path_that_is_encoded_or_not(target: str) -> None:
    requests: list[WebSocketRequest] = []
    one = Application()

    @one.websocket("/r/{first}/{rest}")
    async def keep(request: WebSocketRequest) -> None:
        requests.append(request)
        await request.web_socket.accept()

    async with connect(one, target):
        pass
    assert requests[0].path == "/r/café/bar ;v=1"
    assert requests[0].raw_path == b"/r/caf%C3%A9%2Fbar%20;v=1"
    assert dict(requests[0].query) == {"q": "/", "é": ""}


@pytest.mark.parametrize("target", ["chat", "", "http://example.org/", "ws:///chat", "/chat#top"])
async def test_a_target_that_no_peer_can_have(target: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"target {target!r} is neither a path such as")):
        async with connect(app, target):
            pass


async def test_headers_that_no_peer_can_send() -> None:
    with pytest.raises(ValueError, match="the handshake's own"):
        async with connect(app, "/echo", headers=[("sec-websocket-protocol", "v1")]):
            pass


async def test_a_denial() -> None:
    async def deny(request: WebSocketRequest) -> None:
        await request.deny(401, [("www-authenticate", "Bearer")], "who are you?")

    with pytest.raises(Denied) as caught:
        async with connect(serving(deny)):
            pass
    denied = caught.value
    assert (denied.status, denied.body) == (401, b"who are you?")
    assert denied.headers["WWW-Authenticate"] == "Bearer"
    for part in ("401", "www-authenticate: Bearer", "who are you?"):
        assert part in str(denied)
    assert str(pickle.loads(pickle.dumps(denied))) == str(denied)


async def test_a_path_without_a_handler() -> None:
    with pytest.raises(Denied, match="403"):
        async with connect(app, "/nowhere"):
            pass


async def test_the_handler_closes() -> None:
    async def close(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await request.web_socket.send("last words")
        await request.web_socket.close(4001, "bye")

    async with connect(serving(close)) as peer:
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(ConnectionClosed) as closed:
            await peer.send("anybody?")
        assert (closed.value.code, closed.value.reason) == (4001, "bye")
        assert await peer.receive() == "last words"
        assert [await peer.receive() for _ in range(2)] == [None, None]
        assert (peer.code, peer.reason) == (4001, "bye")


@pytest.mark.parametrize("code", [1000, 1001, 1005, 4001])
async def test_the_peer_closes(code: int) -> None:
    seen = Seen()
    async with connect(seen.app) as peer:
        await peer.send("x")
        await peer.close(code)
        await peer.close(4002)
        peer.abort()
        assert peer.code == code
        assert await peer.receive() is None
        with pytest.raises(ConnectionClosed, match=str(code)):
            await peer.send("x")
    assert seen.code == code


async def test_codes_that_no_peer_can_send() -> None:
    async with connect(app, "/echo") as peer:
        with pytest.raises(ValueError, match="can't be sent"):
            await peer.close(1006)
        await peer.send("still open")
        assert await peer.receive() == "still open"


async def test_the_connection_breaks() -> None:
    seen = Seen()
    async with connect(seen.app) as peer:
        peer.abort()
        await peer.close()
        assert peer.code == 1006
        assert await peer.receive() is None
    assert seen.code == 1006


async def test_the_end_of_the_block_closes() -> None:
    seen = Seen()
    async with connect(seen.app):
        pass
    assert seen.code == 1000


async def test_the_peer_drops_what_it_has_not_received() -> None:
    async with connect(app, "/echo") as peer:
        await peer.send("x")
        await anyio.wait_all_tasks_blocked()
        await peer.close()
        assert await peer.receive() is None


async def test_closing_ends_a_receive_that_waits() -> None:
    async with connect(app, "/echo") as peer, anyio.create_task_group() as tasks:

        async def wait() -> None:
            assert await peer.receive() is None
            assert peer.code == 4001

        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        await peer.close(4001)


async def test_a_peer_that_reads_slowly_suspends_the_handler() -> None:
    """Contract M4."""
    sent = 0

    async def count(request: WebSocketRequest) -> None:
        nonlocal sent
        await request.web_socket.accept()
        while True:
            await request.web_socket.send(str(sent))
            sent += 1

    async with connect(serving(count), unread=1) as peer:
        for expected in range(1, 4):
            await anyio.wait_all_tasks_blocked()
            assert sent == expected
            assert await peer.receive() == str(expected - 1)


async def test_a_handler_that_reads_slowly_suspends_the_peer() -> None:
    class Deaf:
        async def handle(self, transport: Transport) -> None:
            await transport.accept(None, [])
            await transport.wait_disconnected()

    async with connect(Deaf(), unread=1, deadline=0.01) as peer:
        await peer.send("1")
        with pytest.raises(TimeoutError, match="the handler of / hasn't received a message"):
            await peer.send("2")


async def test_both_sides_full() -> None:
    """A close gets through, however many messages are unread."""

    async def flood(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        while True:
            await request.web_socket.send("x")

    async with connect(serving(flood), unread=1) as peer:
        await peer.send("1")
        await anyio.wait_all_tasks_blocked()


async def test_a_peer_that_leaves_before_the_answer() -> None:
    """Contract H5."""
    seen = list[object]()

    async def slow(request: WebSocketRequest) -> None:
        try:
            await request.web_socket.accept()
        except ConnectionClosed as error:
            seen.extend((error.code, await request.web_socket.receive()))

    await connect_and_leave(serving(slow))
    assert seen == [1006, None]


async def test_vanish_waits_and_raises_like_connect() -> None:
    async def fail(request: WebSocketRequest) -> None:
        await anyio.wait_all_tasks_blocked()
        raise LookupError(request.state["motto"])

    with pytest.raises(LookupError, match="hello"):
        await connect_and_leave(serving(fail), state={"motto": "hello"})

    async def sleep(request: WebSocketRequest) -> None:
        await anyio.sleep_forever()

    with pytest.raises(TimeoutError, match="the handler of / hasn't ended after its peer had left") as caught:
        await connect_and_leave(serving(sleep), deadline=0.01)
    assert not hasattr(caught.value, "__notes__")  # its later cancellation isn't reported


async def test_what_the_handler_raises_is_raised_as_itself() -> None:
    async def fail(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        raise LookupError("no such room")

    codes = list[int | None]()

    async def enter() -> None:
        async with connect(serving(fail)) as peer:
            assert await peer.receive() is None
            codes.append(peer.code)

    with pytest.raises(LookupError, match="no such room"):
        await enter()
    assert codes == [1011]


async def test_what_the_handler_raises_before_its_answer() -> None:
    """The exception says more than the 500 that the peer sees."""

    async def fail(request: WebSocketRequest) -> None:
        raise LookupError("no such room")

    with pytest.raises(LookupError, match="no such room"):
        async with connect(serving(fail)):
            pass


async def test_what_the_block_raises_comes_first_and_tells_of_the_handler() -> None:
    async def fail(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        raise LookupError("no such room")

    with pytest.raises(AssertionError) as caught:
        async with connect(serving(fail)) as peer:
            assert await peer.receive() == "welcome"
    assert caught.value.__notes__[-1] == "and from the handler of /: LookupError('no such room')"


@pytest.mark.parametrize("outcome", [pytest.skip.Exception, pytest.fail.Exception])
async def test_pytests_own_outcomes_stay_themselves(outcome: type[BaseException]) -> None:
    with pytest.raises(outcome):
        async with connect(app, "/echo"):
            raise outcome("now")


async def never(request: WebSocketRequest) -> None:
    await anyio.sleep_forever()


async def silent(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.wait_closed()


async def endless(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await anyio.sleep_forever()


@pytest.mark.parametrize(
    ("handler", "receive", "says"),
    [
        (never, False, "answered the handshake"),
        (silent, True, "sent a message or closed"),
        (endless, False, "ended after its peer had left"),
    ],
)
async def test_no_test_hangs(
    handler: Callable[[WebSocketRequest], Awaitable[None]], receive: bool, says: str
) -> None:
    one = Application()
    one.websocket("/rooms/{room}")(handler)

    async def enter() -> None:
        async with connect(one, "/rooms/hall", deadline=0.2) as peer:
            if receive:
                await peer.receive()

    with pytest.raises(TimeoutError, match=f"the handler of /rooms/hall hasn't {says} within 0.2 s"):
        await enter()


async def test_a_receive_that_is_cancelled_loses_nothing() -> None:
    async with connect(app, "/echo") as peer:
        with anyio.move_on_after(0.01) as waiting:
            await peer.receive()
        assert waiting.cancelled_caught
        await peer.send("hello")
        assert await peer.receive() == "hello"


async def test_a_cancelled_block_ends_its_handler() -> None:
    ended = list[str]()

    async def handler(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("cancelled")

    with anyio.CancelScope() as scope:
        async with connect(serving(handler)):
            scope.cancel()
            await anyio.sleep_forever()
    assert ended == ["cancelled"]


async def test_several_peers_of_one_application() -> None:
    async with connect(app, "/echo") as ada, connect(app, "/echo") as bob:
        await ada.send("from ada")
        await bob.send("from bob")
        assert [await ada.receive(), await bob.receive()] == ["from ada", "from bob"]


async def test_an_application_of_another_framework() -> None:
    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept", "subprotocol": "v1"})
        await send({"type": "websocket.send", "text": f"{scope['path']}?{scope['query_string']!r}"})

    async with connect(normalise(other), "/a/b?c=d", subprotocols=("v1",)) as peer:
        assert peer.subprotocol == "v1"
        assert await peer.receive() == "/a/b?b'c=d'"


async def test_an_app_that_never_answers() -> None:
    class Silent:
        async def handle(self, transport: Transport) -> None:
            pass

    with pytest.raises(RuntimeError, match="the handler of / ended without an answer"):
        async with connect(Silent()):
            pass


async def test_an_app_that_ends_without_closing() -> None:
    class Brief:
        async def handle(self, transport: Transport) -> None:
            await transport.accept(None, [])
            await transport.send({"type": "websocket.send", "text": "x"})

    async with connect(Brief()) as peer:
        assert [await peer.receive() for _ in range(2)] == ["x", None]
        assert peer.code == 1006
