"""What is recorded of an application's needs: all that a test can show, and why the rest can't."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import fields
from typing import ClassVar, NamedTuple, TypeAlias

import anyio
import pytest

from anysocket import Application, Capabilities, Connection, ConnectionClosed, Support, WebSocketRequest
from anysocket.asgi import Receive, Scope, Send
from anysocket.handshake import Handshake
from anysocket.http.multidict import Headers
from anysocket.supervision.open_sessions import OPEN_SESSIONS, OpenSessions
from anysocket.testing import Accepted, Denied, MemoryTransport, Peer, connect, connect_and_leave
from anysocket.testing.needs import UNSEEN, Recorder, Use, recording
from anysocket_adapters.normalise import normalise

pytestmark = pytest.mark.anyio

Handler: TypeAlias = Callable[[WebSocketRequest], Awaitable[None]]
Block: TypeAlias = Callable[[Peer], Awaitable[None]]

HEADERS = (("x-name", "1"), ("x_other", "2"), ("x-name", "3"), ("x-place", "Köln"))
"""Lines that some server loses or changes."""


def capabilities(recorder: Recorder) -> set[str]:
    return {use.capability for use in recorder.uses}


async def nothing(peer: Peer) -> None:
    pass


async def leaves_with_a_reason(peer: Peer) -> None:
    await peer.close(4000, "enough")


def leaves_with(code: int) -> Block:
    async def leave(peer: Peer) -> None:
        await peer.close(code)

    return leave


async def is_lost(peer: Peer) -> None:
    peer.abort()


async def plain(request: WebSocketRequest) -> None:
    """Nothing that a server lacks, with all of it there to be read."""
    ws = request.web_socket
    await ws.accept()
    await ws.send("hello")
    while (message := await ws.receive()) is not None:
        await ws.send(message)


async def returns(request: WebSocketRequest) -> None:
    await request.web_socket.accept()


async def denies(request: WebSocketRequest) -> None:
    await request.deny()


async def closes_without_a_code(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.close()


async def accepts_with_all(request: WebSocketRequest) -> None:
    await request.web_socket.accept(request.subprotocols[0], headers=[("x-edition", "evening")])


async def closes_as_an_application(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.close(4000)


async def closes_as_a_server(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.close(1012, "back soon")


async def denies_with_a_status(request: WebSocketRequest) -> None:
    await request.deny(404)


async def denies_with_an_unnamed_status(request: WebSocketRequest) -> None:
    await request.deny(499)


async def denies_with_a_body(request: WebSocketRequest) -> None:
    await request.deny(403, body="no")


async def denies_with_a_place(request: WebSocketRequest) -> None:
    await request.deny(403, [("x-place", "Köln")])


async def denies_with_cookies(request: WebSocketRequest) -> None:
    await request.deny(403, [("set-cookie", "a=1"), ("set-cookie", "b=2")])


async def denies_with_duplicates(request: WebSocketRequest) -> None:
    await request.deny(403, [("x-why", "1"), ("x-why", "2")])


async def sends_nothing(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.send("")


async def sends_no_bytes(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.send(b"")


async def sends_half_a_character(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    with suppress(UnicodeEncodeError):
        await request.web_socket.send("\ud800")


async def receives_for_a_while(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    with anyio.move_on_after(0):
        await request.web_socket.receive()
    await request.web_socket.receive()


async def closes_after_a_cancelled_send(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    with anyio.move_on_after(0):
        await request.web_socket.send("hello")


async def sends_from_two_tasks(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(request.web_socket.send, "1")
        tasks.start_soon(request.web_socket.send, "2")
    await request.web_socket.receive()


async def closes_while_it_receives(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    begun = anyio.Event()

    async def receive() -> None:
        begun.set()
        await request.web_socket.receive()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await begun.wait()
        await request.web_socket.close()


async def only_sends(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    while True:
        await request.web_socket.send("tick")


async def sends_beside_receive(request: WebSocketRequest) -> None:
    await request.web_socket.accept()

    async def send() -> None:
        with suppress(ConnectionClosed):
            while True:
                await request.web_socket.send("tick")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        await request.web_socket.receive()


async def has_tasks(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    async with request.task_group():
        await request.web_socket.receive()


async def waits_for_the_end(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    assert type(await request.wait_closed()) is int


async def reads_the_code(request: WebSocketRequest) -> None:
    await plain(request)
    assert type(request.web_socket.code) is int


async def reads_the_reason(request: WebSocketRequest) -> None:
    await plain(request)
    assert type(request.reason) is str


async def reads_its_own_end(request: WebSocketRequest) -> None:
    await closes_as_an_application(request)
    assert (request.web_socket.code, request.reason) == (4000, "")


async def catches_the_end(request: WebSocketRequest) -> None:
    await plain(request)
    try:
        await request.web_socket.send("hello?")
    except ConnectionClosed as closed:
        logging.info("%s", closed)


async def reads_what_it_catches(request: WebSocketRequest) -> None:
    await plain(request)
    try:
        await request.web_socket.send("hello?")
    except ConnectionClosed as closed:
        logging.info("%d %s", closed.code, closed.reason)


async def reads_the_request(request: WebSocketRequest) -> None:
    await plain(request)
    assert request.client is not None
    assert request.raw_path
    assert request.scheme == "ws"
    assert request.state == {}


async def reads_the_address(request: WebSocketRequest) -> None:
    await plain(request)
    assert request.url.path
    assert request.server is not None


async def reads_headers(request: WebSocketRequest) -> None:
    await plain(request)
    assert isinstance(request.headers, Headers)


async def passes_the_headers_on(request: WebSocketRequest) -> None:
    await plain(request)
    assert request.scope["headers"]


class Shown(NamedTuple):
    """A handler and its peer, and what they show."""

    handler: Handler
    needs: set[str]
    block: Block = nothing
    path: str = "/path"
    headers: tuple[tuple[str, str], ...] = ()
    unread: int = 16


PEERS = {"peer_addresses", "integer_ports"}

SHOWN = [
    Shown(plain, set(), leaves_with_a_reason, headers=HEADERS),
    Shown(returns, set()),
    Shown(denies, set()),
    Shown(closes_without_a_code, set()),
    Shown(accepts_with_all, {"accept_subprotocol", "accept_headers"}),
    Shown(closes_as_an_application, {"close_code"}),
    Shown(closes_as_a_server, {"close_code", "close_codes", "close_reason"}),
    Shown(denies_with_a_status, {"denial_status"}),
    Shown(denies_with_an_unnamed_status, {"denial_status", "denial_unnamed_status"}),
    Shown(denies_with_a_body, {"denial_response"}),
    Shown(denies_with_a_place, {"denial_response", "denial_latin1_headers"}),
    Shown(denies_with_cookies, {"denial_response", "denial_cookies"}),
    Shown(denies_with_duplicates, {"denial_response", "denial_header_duplicates"}),
    Shown(sends_nothing, {"empty_messages"}),
    Shown(sends_no_bytes, {"empty_messages"}),
    Shown(sends_half_a_character, {"lone_surrogates"}),
    Shown(receives_for_a_while, {"cancelled_receive"}),
    Shown(closes_after_a_cancelled_send, {"cancelled_send"}),
    Shown(sends_from_two_tasks, {"suspended_sends"}),
    Shown(closes_while_it_receives, {"close_while_receiving"}),
    Shown(only_sends, {"end_while_sending"}, is_lost),
    Shown(sends_beside_receive, {"end_while_suspended"}, leaves_with(1001), unread=1),
    Shown(has_tasks, {"end_while_sending"}),
    Shown(waits_for_the_end, {"end_while_sending"}),
    Shown(reads_the_code, {"peer_close_code"}),
    Shown(reads_the_code, {"peer_close_code", "protocol_error_code"}, leaves_with(1002)),
    Shown(reads_the_code, {"peer_close_code", "no_close_code"}, leaves_with(1005)),
    Shown(reads_the_code, {"peer_close_code", "protocol_error_code"}, leaves_with(1007)),
    Shown(reads_the_code, {"peer_close_code", "oversized_message_code"}, leaves_with(1009)),
    Shown(reads_the_code, {"peer_close_code", "peer_code_1014"}, leaves_with(1014)),
    Shown(reads_the_code, {"peer_close_code", "abnormal_closure"}, is_lost),
    Shown(reads_the_reason, {"peer_close_reason"}),
    Shown(reads_its_own_end, {"close_code"}),
    Shown(catches_the_end, set(), leaves_with_a_reason),
    Shown(reads_what_it_catches, {"peer_close_code", "peer_close_reason"}, leaves_with_a_reason),
    Shown(reads_the_request, {"raw_path", "peer_scheme", *PEERS}),
    Shown(reads_the_address, {"raw_path", "peer_scheme", *PEERS}),
    Shown(reads_headers, {"header_duplicates", "header_underscores", "latin1_headers"}, headers=HEADERS),
    Shown(reads_headers, set()),
    Shown(passes_the_headers_on, set(), headers=HEADERS),
    Shown(plain, {"path_parameters"}, path="/path;version=1"),
]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.handler.__name__)
async def test_a_handler(shown: Shown) -> None:
    app = Application()
    app.websocket("/{name}")(shown.handler)
    with recording() as recorder, suppress(Denied):
        recorder.test = "a test"
        async with connect(
            app, shown.path, headers=shown.headers, subprotocols=("v1",), unread=shown.unread
        ) as peer:
            await anyio.wait_all_tasks_blocked()
            await shown.block(peer)
    assert [*recorder.uses] == [Use(use.capability, "a test", shown.path) for use in recorder.uses]
    assert capabilities(recorder) == shown.needs


async def test_a_peer_that_leaves_before_accept() -> None:
    app = Application()
    app.websocket("/")(plain)
    with recording() as recorder:
        await connect_and_leave(app)
    assert capabilities(recorder) == {"loss_before_accept"}


async def test_an_application_of_another_framework() -> None:
    """It has the whole scope and every event: only what it does shows what it needs."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["headers"]
        await receive()
        await send({"type": "websocket.accept"})
        assert (await receive())["type"] == "websocket.disconnect"

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "websocket.disconnect"

    with recording() as recorder:
        async with connect(normalise(app), headers=HEADERS) as peer:
            await peer.close(4000, "enough")
        assert capabilities(recorder) == set()
        await connect_and_leave(normalise(waits))
    assert capabilities(recorder) == {"disconnect_before_accept"}


async def test_an_application_below_a_root_path() -> None:
    app = Application()
    app.websocket("/path")(denies)
    with recording() as recorder:
        await app.handle(recorder.wrap(MemoryTransport(Handshake(path="/path", root_path="/api"))))
    assert [*recorder.uses] == [Use("path_below_root", "", "/path")]


class Lossy(MemoryTransport):
    declared: ClassVar[Capabilities] = Capabilities(no_close_code=Support.ABSENT)


async def test_a_server_that_loses_codes() -> None:
    """A lost connection may then have been a close without a code, or the other way round."""
    app = Application()
    app.websocket("/")(reads_the_code)
    transport = Lossy()
    with recording() as recorder:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(app.handle, recorder.wrap(transport))
            assert isinstance(await transport.peer.receive(), Accepted)
            assert await transport.peer.receive() == "hello"
            await transport.peer.close(1005)
    assert capabilities(recorder) == {"peer_close_code"}


async def test_a_server_that_stops() -> None:
    """It is not the application that closes with 1001 then."""
    app = Application()
    app.websocket("/")(plain)
    open_sessions = OpenSessions()
    token = OPEN_SESSIONS.set(open_sessions)
    try:
        with recording() as recorder:
            async with connect(app) as peer:
                assert await peer.receive() == "hello"
                await open_sessions.drain()
                assert await peer.receive() is None
                assert peer.code == 1001
    finally:
        OPEN_SESSIONS.reset(token)
    assert capabilities(recorder) == set()


async def test_a_connection() -> None:
    app = Application()

    @app.websocket("/")
    async def handler(ws: Connection[str, str]) -> None:
        async for message in ws:
            await ws.send(message)
        assert ws.code == 4000

    with recording() as recorder:
        async with connect(app) as peer:
            await leaves_with_a_reason(peer)
    assert capabilities(recorder) == {"peer_close_code"}


async def test_what_the_test_itself_reads_is_no_need() -> None:
    app = Application()
    app.websocket("/")(returns)
    with recording() as recorder:
        async with connect(app) as peer:
            assert await peer.receive() is None
            with pytest.raises(ConnectionClosed) as closed:
                await peer.send("hello?")
            assert (closed.value.code, closed.value.reason) == (1000, "")
    assert capabilities(recorder) == set()


def test_every_capability_is_shown_or_cannot_be() -> None:
    """Those of the tests above are shown."""
    shown = {need for each in SHOWN for need in each.needs}
    shown |= {"loss_before_accept", "disconnect_before_accept", "path_below_root"}
    unseen = [name for names in UNSEEN.values() for name in names]
    assert shown.isdisjoint(unseen)
    assert sorted([*shown, *unseen]) == sorted(each.name for each in fields(Capabilities))


async def test_nothing_is_left_behind() -> None:
    before = {name: vars(kind).get(name) for kind in (WebSocketRequest, Connection) for name in dir(kind)}
    with recording():
        assert WebSocketRequest.wait_closed is not before["wait_closed"]
    assert {
        name: vars(kind).get(name) for kind in (WebSocketRequest, Connection) for name in dir(kind)
    } == before
    assert not hasattr(ConnectionClosed, "code")


def test_one_recording_at_a_time() -> None:
    with recording(), pytest.raises(RuntimeError, match="another recording"), recording():
        pass
