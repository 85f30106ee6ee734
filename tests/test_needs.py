"""What is recorded of an application's needs: all that a test can show, and why the rest can't."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import ClassVar, TypeAlias

import anyio
import pytest

from anysocket import (
    URL,
    Application,
    Capabilities,
    Connection,
    ConnectionClosed,
    Support,
    WebSocket,
    WebSocketRequest,
)
from anysocket.asgi import Receive, Scope, Send
from anysocket.handshake import Handshake
from anysocket.http.multidict import Headers
from anysocket.supervision.open_sessions import OPEN_SESSIONS, OpenSessions
from anysocket.testing import Accepted, Denied, MemoryTransport, Peer, connect, connect_and_leave
from anysocket.testing.needs import UNSEEN, Recorder, Use, recording
from anysocket_adapters.normalise import normalise

pytestmark = pytest.mark.anyio

Act: TypeAlias = Callable[[WebSocketRequest], Awaitable[None]]
Block: TypeAlias = Callable[[Peer], Awaitable[None]]

HEADERS = (("x-name", "1"), ("x_other", "2"), ("x-name", "3"), ("x-place", "Köln"))
"""Lines that some server loses or changes."""


def capabilities(recorder: Recorder) -> set[str]:
    return {use.capability for use in recorder.uses}


def leaves_with(code: int, reason: str = "") -> Block:
    async def leave(peer: Peer) -> None:
        await peer.close(code, reason)

    return leave


async def leaves(peer: Peer) -> None:
    await peer.close()


async def is_lost(peer: Peer) -> None:
    peer.abort()


async def plain(request: WebSocketRequest) -> None:
    """Nothing that a server lacks, with all of it there to be read."""
    ws = request.web_socket
    await ws.accept()
    await ws.send("hello")
    while (message := await ws.receive()) is not None:
        await ws.send(message)


def opened(act: Callable[[WebSocket], Awaitable[None]]) -> Act:
    async def accept_and_act(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await act(request.web_socket)

    return accept_and_act


def reads(member: Callable[[WebSocketRequest], object]) -> Act:
    """Read after the peer's end."""

    async def read(request: WebSocketRequest) -> None:
        await plain(request)
        assert type(member(request)) in (int, str, bytes, tuple, Headers, URL)

    return read


def code(request: WebSocketRequest) -> int | None:
    return request.web_socket.code


async def catches(request: WebSocketRequest) -> ConnectionClosed:
    await plain(request)
    try:
        await request.web_socket.send("hello?")
    except ConnectionClosed as closed:
        logging.info("%s", closed)
        return closed
    raise AssertionError


async def catches_the_end(request: WebSocketRequest) -> None:
    await catches(request)


async def reads_what_it_catches(request: WebSocketRequest) -> None:
    closed = await catches(request)
    assert (type(closed.code), type(closed.reason)) == (int, str)


async def reads_its_own_end(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.close(4000, "enough")
    assert (request.web_socket.code, request.reason) == (4000, "enough")


async def fails_to_send(ws: WebSocket) -> None:
    with suppress(UnicodeEncodeError):
        await ws.send("\ud800")


async def receives_for_a_while(ws: WebSocket) -> None:
    with anyio.move_on_after(0):
        await ws.receive()
    await ws.receive()


async def cancels_a_send(ws: WebSocket) -> None:
    with anyio.move_on_after(0):
        await ws.send("hello")


async def sends_from_two_tasks(ws: WebSocket) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ws.send, "1")
        tasks.start_soon(ws.send, "2")
    await ws.receive()


async def closes_while_it_receives(ws: WebSocket) -> None:
    begun = anyio.Event()

    async def receive() -> None:
        begun.set()
        await ws.receive()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await begun.wait()
        await ws.close()


async def sends_until_the_end(ws: WebSocket) -> None:
    with suppress(ConnectionClosed):
        while True:
            await ws.send("tick")


async def sends_beside_receive(ws: WebSocket) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sends_until_the_end, ws)
        await ws.receive()


async def has_tasks(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    async with request.task_group():
        await request.web_socket.receive()


async def waits_for_the_end(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    assert type(await request.wait_closed()) is int


@dataclass(frozen=True)
class Shown:
    """What a handler and its peer do, and what that shows."""

    act: Act
    needs: set[str]
    block: Block = leaves
    path: str = "/path"
    headers: tuple[tuple[str, str], ...] = ()
    unread: int = 16


PEERS = {"peer_addresses", "integer_ports"}
CODE = "peer_close_code"
CODES = {
    1002: "protocol_error_code",
    1005: "no_close_code",
    1007: "protocol_error_code",
    1009: "oversized_message_code",
    1014: "peer_code_1014",
}
LATIN1 = [("x-place", "Köln")]
COOKIES = [("set-cookie", "a=1"), ("set-cookie", "b=2")]
DUPLICATES = [("x-why", "1"), ("x-why", "2")]

SHOWN = [
    Shown(plain, set(), leaves_with(4000, "enough"), headers=HEADERS),
    Shown(plain, {"path_parameters"}, path="/path;version=1"),
    Shown(lambda request: request.deny(), set()),
    Shown(lambda request: request.deny(404), {"denial_status"}),
    Shown(lambda request: request.deny(499), {"denial_status", "denial_unnamed_status"}),
    Shown(lambda request: request.deny(403, body="no"), {"denial_response"}),
    Shown(lambda request: request.deny(403, LATIN1), {"denial_response", "denial_latin1_headers"}),
    Shown(lambda request: request.deny(403, COOKIES), {"denial_response", "denial_cookies"}),
    Shown(lambda request: request.deny(403, DUPLICATES), {"denial_response", "denial_header_duplicates"}),
    Shown(lambda request: request.web_socket.accept("v1"), {"accept_subprotocol"}),
    Shown(lambda request: request.web_socket.accept(headers=[("x", "y")]), {"accept_headers"}),
    Shown(opened(lambda ws: ws.close()), set()),
    Shown(opened(lambda ws: ws.close(4000)), {"close_code"}),
    Shown(opened(lambda ws: ws.close(1012)), {"close_code", "close_codes"}),
    Shown(opened(lambda ws: ws.close(reason="enough")), {"close_reason"}),
    Shown(opened(lambda ws: ws.send("")), {"empty_messages"}),
    Shown(opened(lambda ws: ws.send(b"")), {"empty_messages"}),
    Shown(opened(fails_to_send), {"lone_surrogates"}),
    Shown(opened(receives_for_a_while), {"cancelled_receive"}),
    Shown(opened(cancels_a_send), {"cancelled_send"}),
    Shown(opened(sends_from_two_tasks), {"suspended_sends"}),
    Shown(opened(closes_while_it_receives), {"close_while_receiving"}),
    Shown(opened(sends_until_the_end), {"end_while_sending"}, is_lost),
    Shown(opened(sends_beside_receive), {"end_while_suspended"}, leaves_with(1001), unread=1),
    Shown(has_tasks, {"end_while_sending"}),
    Shown(waits_for_the_end, {"end_while_sending"}),
    Shown(reads(code), {CODE}),
    *(Shown(reads(code), {CODE, need}, leaves_with(each)) for each, need in CODES.items()),
    Shown(reads(code), {CODE, "oversized_message_code"}, leaves_with(1009)),
    Shown(reads(code), {CODE, "abnormal_closure"}, is_lost),
    Shown(reads(lambda request: request.reason), {"peer_close_reason"}),
    Shown(catches_the_end, set(), leaves_with(4000, "enough")),
    Shown(reads_what_it_catches, {CODE, "peer_close_reason"}, leaves_with(4000, "enough")),
    Shown(reads_its_own_end, {"close_code", "close_reason"}),
    Shown(reads(lambda request: request.raw_path), {"raw_path"}),
    Shown(reads(lambda request: request.url), {"raw_path", "peer_scheme"}),
    Shown(reads(lambda request: request.scheme), {"peer_scheme"}),
    Shown(reads(lambda request: request.client), PEERS),
    Shown(reads(lambda request: request.server), PEERS),
    Shown(reads(lambda request: request.headers), set()),
    Shown(
        reads(lambda request: request.headers),
        {"header_duplicates", "header_underscores", "latin1_headers"},
        headers=HEADERS,
    ),
]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: " ".join(sorted(shown.needs)) or "nothing")
async def test_a_handler(shown: Shown) -> None:
    app = Application()

    @app.websocket("/{name}")
    async def handler(request: WebSocketRequest) -> None:
        await shown.act(request)

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
    with recording() as recorder:
        recorder.wrap(MemoryTransport(Handshake(path="/path", root_path="/api")))
    assert [*recorder.uses] == [Use("path_below_root", "", "/path")]


class Lossy(MemoryTransport):
    declared: ClassVar[Capabilities] = Capabilities(no_close_code=Support.ABSENT)


async def test_a_server_that_loses_codes() -> None:
    """A lost connection may then have been a close without a code, or the other way round."""
    app = Application()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        await plain(request)
        assert request.web_socket.code == 1005

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
            await peer.close(4000, "enough")
    assert capabilities(recorder) == {"peer_close_code"}


async def test_what_the_test_itself_reads_is_no_need() -> None:
    app = Application()
    app.websocket("/")(opened(lambda ws: ws.send("hello")))
    with recording() as recorder:
        async with connect(app) as peer:
            assert [await peer.receive(), await peer.receive()] == ["hello", None]
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
