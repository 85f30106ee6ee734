"""Exceptions that escape from handlers."""

import logging
from collections.abc import Awaitable, Callable

import anyio
import pytest

from anysocket import Application, BadMessage, Close, Connection, ConnectionClosed, WebSocketRequest
from anysocket.adapter import Denial, Handshake
from anysocket.supervision.error_handlers import ErrorHandlers, leaves
from anysocket.testing.memory import Accepted

from .served import served

pytestmark = pytest.mark.anyio


class Base(Exception):
    pass


class Derived(Base):
    pass


def test_the_nearest_class_wins() -> None:
    handlers = ErrorHandlers()
    handlers.add(Base, lambda error: Close(4000, str(error)))
    assert handlers.close_for(Derived("x")) == Close(4000, "x")
    handlers.add(Derived, lambda error: Close(4001))
    assert handlers.close_for(Derived()) == Close(4001)
    assert handlers.close_for(Base()) == Close(4000, "")
    assert handlers.close_for(ValueError()) is None


def test_a_bad_message_has_an_answer_that_may_be_replaced() -> None:
    handlers = ErrorHandlers()
    assert handlers.close_for(BadMessage("x", 1003, "no")) == Close(1003, "no")
    handlers.add(BadMessage, lambda error: Close(4000, error.reason))
    assert handlers.close_for(BadMessage("x", 1003, "no")) == Close(4000, "no")


def test_the_leaves_of_a_group() -> None:
    one, two, three = ValueError(), KeyError(), OSError()
    assert list(leaves(ExceptionGroup("", [one, ExceptionGroup("", [two, three])]))) == [one, two, three]
    assert list(leaves(one)) == [one]


def application(error: Exception, *, auto_accept: bool = True) -> Application:
    app = Application()

    @app.error_handler(Base)
    def _(error: Base) -> Close:
        return Close(4000, str(error))

    async def handler(ws: Connection[str, str]) -> None:
        raise error

    app.websocket("/", auto_accept=auto_accept)(handler)
    return app


@pytest.mark.parametrize(
    "error",
    [
        Base("no"),
        Derived("no"),
        ExceptionGroup("", [Derived("no")]),
        ExceptionGroup("", [ExceptionGroup("", [Derived("no")]), Base("no")]),
    ],
)
async def test_an_answer(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    async with served(application(error)) as connection:
        peer = await connection.accepted()
        assert await peer.receive() == Close(4000, "no")
        await connection.ended.wait()
    assert connection.error is None
    assert not [each for each in caplog.records if each.levelno > logging.INFO]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        ExceptionGroup("", [Derived("no"), ValueError()]),
        ConnectionClosed(1000),  # of another connection
        ExceptionGroup("", [ConnectionClosed(1000)]),
    ],
)
async def test_without_an_answer(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    async with served(application(error)) as connection:
        peer = await connection.accepted()
        assert await peer.receive() == Close(1011)
        await connection.ended.wait()
    assert connection.error is error
    assert "the handler of / failed" in caplog.text


async def test_before_accept() -> None:
    async with served(application(Derived("no"), auto_accept=False)) as connection:
        denial = await connection.peer.receive()
        await connection.ended.wait()
    assert isinstance(denial, Denial)
    assert (denial.status, denial.body, connection.error) == (403, b"no", None)


@pytest.mark.parametrize("code", [1005, 1006, 999, 5000, 2999])
@pytest.mark.parametrize("auto_accept", [True, False])
async def test_an_answer_with_a_code_that_cannot_be_sent(code: int, auto_accept: bool) -> None:
    app = application(KeyError(), auto_accept=auto_accept)
    app.error_handler(KeyError)(lambda error: Close(code))
    await ends_badly(app, ValueError, auto_accept=auto_accept)


@pytest.mark.parametrize("reason", ["x" * 124, "\ud800"], ids=["too long", "a lone surrogate"])
async def test_an_answer_with_a_reason_that_cannot_be_sent(
    reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "anysocket")  # pytest-xdist can't pass on a log with a lone surrogate
    await ends_badly(application(Base(reason)), ValueError)


@pytest.mark.parametrize("auto_accept", [True, False])
async def test_an_answer_that_fails_itself(auto_accept: bool) -> None:
    app = application(KeyError(), auto_accept=auto_accept)

    @app.error_handler(KeyError)
    def _(error: KeyError) -> Close:
        raise ZeroDivisionError

    await ends_badly(app, ZeroDivisionError, auto_accept=auto_accept)


async def ends_badly(app: Application, error: type[Exception], *, auto_accept: bool = True) -> None:
    async with served(app) as connection:
        if auto_accept:
            peer = await connection.accepted()
            assert await peer.receive() == Close(1011)
        else:
            denial = await connection.peer.receive()
            assert isinstance(denial, Denial)
            assert denial.status == 500
        await connection.ended.wait()
    assert isinstance(connection.error, error)


async def test_a_failure_after_the_peer_has_left() -> None:
    app = application(ValueError())

    @app.websocket("/late")
    async def late(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await request.web_socket.receive()
        raise Base("too late")

    async with served(app, Handshake(path="/late")) as connection:
        peer = await connection.accepted()
        await peer.close(1000)
        await connection.ended.wait()
    assert connection.error is None


Wrong = Callable[[Connection[int, str]], Awaitable[None]]


async def iterates(ws: Connection[int, str]) -> None:
    async for _ in ws:
        pass


async def in_a_task(ws: Connection[int, str]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(iterates, ws)


async def in_its_task_group(ws: Connection[int, str]) -> None:
    async with ws.request.task_group() as tasks:
        tasks.start_soon(iterates, ws)
        await anyio.sleep_forever()


@pytest.mark.parametrize("handler", [iterates, in_a_task, in_its_task_group])
@pytest.mark.parametrize(
    ("message", "close"),
    [
        ("x", Close(1007, "JSON is malformed: invalid character (byte 0)")),
        (b"1", Close(1003, "JSON in text frames only")),
    ],
)
async def test_a_bad_message_that_escapes(handler: Wrong, message: str | bytes, close: Close) -> None:
    app = Application()
    app.websocket("/")(handler)
    async with served(app) as connection:
        assert isinstance(await connection.peer.receive(), Accepted)
        await connection.peer.send(message)
        assert await connection.peer.receive() == close
        await connection.ended.wait()
    assert connection.error is None
