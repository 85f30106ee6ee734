"""The end of a handler ends the connection, with a code (contract H4 and C5)."""

import logging
from typing import ClassVar

import anyio
import pytest

from anysocket import Application, Capabilities, Close, ConnectionClosed, Support, WebSocketRequest
from anysocket.adapter import Denial, Handshake
from anysocket.handshake import RawHeaders, denial
from anysocket.session.session import Session
from anysocket.supervision import handler
from anysocket.testing.memory import Accepted, MemoryTransport

pytestmark = pytest.mark.anyio

INTERNAL_SERVER_ERROR = denial(500, body="Internal Server Error")

app = Application(close_timeout=1)


@app.websocket("/returns")
async def returns(request: WebSocketRequest) -> None:
    await request.web_socket.accept()


@app.websocket("/echo/{times}")
async def echo(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    for _ in range(int(request.path_params["times"])):
        message = await request.web_socket.receive()
        assert message is not None
        await request.web_socket.send(message)


@app.websocket("/closes")
async def closes(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.close(4001, "done")


@app.websocket("/closes-and-raises")
async def closes_and_raises(request: WebSocketRequest) -> None:
    await closes(request)
    raise LookupError("a mistake")


@app.websocket("/raises")
async def raises(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    raise LookupError("a mistake")


@app.websocket("/raises-before-accept")
async def raises_before_accept(request: WebSocketRequest) -> None:
    raise LookupError("a mistake")


@app.websocket("/answers-nothing")
async def answers_nothing(request: WebSocketRequest) -> None: ...


@app.websocket("/denies/{status}")
async def denies(request: WebSocketRequest) -> None:
    await request.deny(int(request.path_params["status"]))


@app.websocket("/denies-and-raises")
async def denies_and_raises(request: WebSocketRequest) -> None:
    await request.deny(404)
    raise LookupError("a mistake")


@app.websocket("/sends-for-ever")
async def sends_for_ever(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    while True:
        await request.web_socket.send("tick")


@app.websocket("/another-connection-closed")
async def another_connection_closed(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    raise ConnectionClosed(1001, "that of another connection")


@app.websocket("/another-connection-closed-before-accept")
async def another_connection_closed_before_accept(request: WebSocketRequest) -> None:
    raise ConnectionClosed(1001, "that of another connection")


@app.websocket("/group-of-tasks-sees-the-end")
async def group_of_tasks_sees_the_end(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()

    async def send() -> None:
        while await ws.receive() is not None:
            pass
        await ws.send("too late")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        tasks.start_soon(anyio.sleep_forever)


@app.websocket("/group-of-tasks-fails-too")
async def group_of_tasks_fails_too(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.close(4001)
    raise ExceptionGroup("of tasks", [ConnectionClosed(4001), LookupError("a mistake")])


def at(path: str) -> MemoryTransport:
    return MemoryTransport(Handshake(path=path))


async def test_returning_closes_with_1000(caplog: pytest.LogCaptureFixture) -> None:
    transport = at("/returns")
    await app.handle(transport)
    assert await transport.peer.receive() == Accepted(None, [])
    assert await transport.peer.receive() == Close(1000)
    assert not caplog.records


async def test_path_params() -> None:
    transport = at("/echo/2")
    await transport.peer.send("a")
    await transport.peer.send(b"b")
    await app.handle(transport)
    assert [await transport.peer.receive() for _ in range(4)] == [Accepted(None, []), "a", b"b", Close(1000)]


async def test_its_own_close_stands(caplog: pytest.LogCaptureFixture) -> None:
    transport = at("/closes")
    await app.handle(transport)
    assert await transport.peer.receive() == Accepted(None, [])
    assert await transport.peer.receive() == Close(4001, "done")
    with pytest.raises(anyio.EndOfStream):
        await transport.peer.receive()
    assert not caplog.records


def assert_logged(caplog: pytest.LogCaptureFixture, message: str, error: type[Exception] | None) -> None:
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("anysocket", logging.ERROR, message)
    assert (record.exc_info[0] if record.exc_info else None) is error


@pytest.mark.parametrize(
    ("path", "answer", "error"),
    [
        ("/raises", [Accepted(None, []), Close(1011)], LookupError),
        ("/raises-before-accept", [INTERNAL_SERVER_ERROR], LookupError),
        ("/closes-and-raises", [Accepted(None, []), Close(4001, "done")], LookupError),
        ("/denies-and-raises", [denial(404)], LookupError),
        ("/group-of-tasks-fails-too", [Accepted(None, []), Close(4001)], ExceptionGroup),
        ("/another-connection-closed", [Accepted(None, []), Close(1011)], ConnectionClosed),
        ("/another-connection-closed-before-accept", [INTERNAL_SERVER_ERROR], ConnectionClosed),
    ],
)
async def test_raising_is_told_logged_and_raised_on(
    caplog: pytest.LogCaptureFixture,
    path: str,
    answer: list[Accepted | Denial | Close],
    error: type[Exception],
) -> None:
    transport = at(path)
    with pytest.raises(error):
        await app.handle(transport)
    assert [await transport.peer.receive() for _ in answer] == answer
    with pytest.raises(anyio.EndOfStream):
        await transport.peer.receive()
    assert_logged(caplog, f"the handler of {path} failed", error)


async def test_a_task_that_sees_the_end_is_no_mistake(caplog: pytest.LogCaptureFixture) -> None:
    transport = at("/group-of-tasks-sees-the-end")
    await transport.peer.close(4999)
    await app.handle(transport)
    assert not caplog.records


async def test_a_handler_that_answers_nothing(caplog: pytest.LogCaptureFixture) -> None:
    transport = at("/answers-nothing")
    await app.handle(transport)
    assert await transport.peer.receive() == INTERNAL_SERVER_ERROR
    assert_logged(caplog, "the handler of /answers-nothing returned without accept or deny", None)


async def test_a_handler_that_denies(caplog: pytest.LogCaptureFixture) -> None:
    transport = at("/denies/404")
    await app.handle(transport)
    assert await transport.peer.receive() == denial(404)
    assert not caplog.records


async def test_no_route_is_403(caplog: pytest.LogCaptureFixture) -> None:
    transport = at("/nowhere")
    await app.handle(transport)
    assert await transport.peer.receive() == denial(403)
    assert not caplog.records


@pytest.mark.parametrize("leave", ["close", "connect_and_leave"])
async def test_its_own_connection_closed_is_quiet(caplog: pytest.LogCaptureFixture, leave: str) -> None:
    transport = at("/sends-for-ever")
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(app.handle, transport)
            assert await transport.peer.receive() == Accepted(None, [])
            assert await transport.peer.receive() == "tick"
            if leave == "close":
                await transport.peer.close(1001)
            else:
                transport.peer.abort()
    assert not caplog.records


async def test_the_peer_left_before_accept(caplog: pytest.LogCaptureFixture) -> None:
    transport = at("/returns")
    transport.peer.abort()
    await app.handle(transport)
    assert not caplog.records


class NoDenial(MemoryTransport):
    """A server that can only answer 403."""

    declared: ClassVar[Capabilities] = Capabilities(
        denial_status=Support.ABSENT, denial_response=Support.ABSENT
    )


async def test_a_500_that_the_server_cannot_send(caplog: pytest.LogCaptureFixture) -> None:
    await app.handle(NoDenial(Handshake(path="/answers-nothing")))
    with pytest.raises(LookupError, match="a mistake"):
        await app.handle(NoDenial(Handshake(path="/raises-before-accept")))
    assert len(caplog.records) == 2


class Breaking(MemoryTransport):
    """A server whose accept raises an unexpected exception."""

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        raise OverflowError("not foreseen")


async def test_a_failing_accept_is_raised_on(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OverflowError, match="not foreseen"):
        await app.handle(Breaking(Handshake(path="/returns")))
    assert_logged(caplog, "the handler of /returns failed", OverflowError)


async def test_limits_of_the_application_reach_its_connections() -> None:
    small = Application(max_message_size=3)
    small.websocket("/echo/{times}")(echo)
    transport = at("/echo/1")
    await transport.peer.send("four")
    with pytest.raises(AssertionError):
        await small.handle(transport)
    assert [await transport.peer.receive() for _ in range(2)] == [Accepted(None, []), Close(1009)]


async def test_cancelling_a_handler_is_left_to_the_server(caplog: pytest.LogCaptureFixture) -> None:
    transport = at("/echo/1")
    with anyio.fail_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(app.handle, transport)
            assert await transport.peer.receive() == Accepted(None, [])
            tasks.cancel_scope.cancel()
    assert not caplog.records


@pytest.mark.parametrize("mistake", [SystemExit, KeyboardInterrupt])
async def test_an_exit_is_a_mistake_like_any_other(
    mistake: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    exits = Application()

    @exits.websocket("/")
    async def _(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        raise mistake

    transport = MemoryTransport()
    with pytest.raises(RuntimeError, match="the handler of / raised"):
        await exits.handle(transport)
    assert [await transport.peer.receive() for _ in range(2)] == [Accepted(None, []), Close(1011)]
    assert "the handler of / failed" in caplog.text


async def test_the_end_waits_for_a_close_that_another_task_has_begun(
    transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may close by itself, without the code, as soon as the handler has returned."""
    sent = anyio.Event()
    seen: list[str] = []

    async def close(self: MemoryTransport, close: Close, /) -> None:
        await sent.wait()
        seen.append("the close is sent")

    monkeypatch.setattr(MemoryTransport, "close", close)
    session = Session(transport)
    await session.accept()

    async def handle() -> None:
        assert await session.receive() is None

    async def serve() -> None:
        await handler.run(handle, session)
        seen.append("the handler has ended")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.close, 1001)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(serve)
        await anyio.wait_all_tasks_blocked()
        sent.set()
    assert seen == ["the close is sent", "the handler has ended"]
