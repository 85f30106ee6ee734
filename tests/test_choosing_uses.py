"""The uses that are found in an application's source."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anysocket import (
    Application,
    ApplicationCode,
    BadMessage,
    Close,
    CloseCode,
    Connection,
    ConnectionClosed,
    Next,
    WebSocket,
    WebSocketRequest,
)
from anysocket_matrix import cli
from anysocket_matrix.choosing.needs import NEEDS
from anysocket_matrix.choosing.uses import CODES, MEMBERS, uses
from tests import choosing_app

BUSY = ApplicationCode(4000)


def found(handler: Callable[[WebSocketRequest], Awaitable[None]]) -> set[str]:
    app = Application()
    app.websocket("/")(handler)
    return {use.need for use in uses(app)}


def test_all_that_can_be_found_are_needs() -> None:
    assert {*MEMBERS.values(), *CODES.values()} <= set(NEEDS)


def test_places() -> None:
    lines = Path(choosing_app.__file__).read_text().splitlines()
    seen = uses(choosing_app.app)
    assert {use.need for use in seen} == {
        "denial-status",
        "denial-response",
        "accept-headers",
        "end-while-sending",
        "peer-close-reason",
        "peer-close-code",
        "abnormal-closure",
        "close-code",
        "close-reason",
    }
    assert [use.line for use in seen] == sorted(use.line for use in seen)
    assert all(use.code.split("(")[0] in lines[use.line - 1] for use in seen)


async def plain(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept(None, ())
    while (message := await ws.receive()) is not None:
        await ws.send(message)
    await ws.close()
    await ws.close(1000, "")
    await request.deny()
    await request.deny(403)


async def opens(request: WebSocketRequest) -> None:
    await request.web_socket.accept(request.subprotocols[0], headers=[("a", "b")])


async def closes(request: WebSocketRequest) -> None:
    await request.web_socket.close(CloseCode.GOING_AWAY, "soon")


async def closes_with_its_own(request: WebSocketRequest) -> None:
    await request.web_socket.close(BUSY)


async def denies_with_cookies(request: WebSocketRequest) -> None:
    await request.deny(headers=[("Set-Cookie", "a=1"), ("set-cookie", "b=2")])


async def denies_oddly(request: WebSocketRequest) -> None:
    await request.deny(499)


async def compares(request: WebSocketRequest) -> None:
    if request.web_socket.code in (1005, CloseCode.BAD_GATEWAY):
        await request.web_socket.send("")


async def asks(request: WebSocketRequest) -> None:
    request.raw_path  # noqa: B018


async def delegates(request: WebSocketRequest) -> None:
    await helper(request.web_socket)


async def helper(peer: WebSocket) -> None:
    await peer.close(BUSY)


class Member:
    def __init__(self, ws: WebSocket) -> None:
        self.ws = ws

    async def leave(self) -> None:
        await self.ws.close(BUSY)


async def through_an_attribute(request: WebSocketRequest) -> None:
    member = Member(request.web_socket)
    await member.ws.close(BUSY)


async def of_other_things(request: WebSocketRequest) -> None:
    try:
        open("x").close()  # noqa: ASYNC230
    except OSError as error:
        print(error.errno, SystemExit(1).code)


@pytest.mark.parametrize(
    ("handler", "needs"),
    [
        (plain, set[str]()),
        (opens, {"accept-subprotocol", "accept-headers"}),
        (closes, {"close-code", "close-codes", "close-reason"}),
        (closes_with_its_own, {"close-code"}),
        (denies_with_cookies, {"denial-response", "denial-cookies"}),
        (denies_oddly, {"denial-status", "denial-unnamed-status"}),
        (compares, {"peer-close-code", "no-close-code", "peer-code-1014", "empty-messages"}),
        (asks, {"raw-path"}),
        (delegates, {"close-code"}),
        (through_an_attribute, {"close-code"}),
        (of_other_things, set[str]()),
    ],
)
def test_a_handler(handler: Callable[[WebSocketRequest], Awaitable[None]], needs: set[str]) -> None:
    assert found(handler) == needs


def test_middleware_failures_and_exceptions() -> None:
    app = Application()

    @app.middleware
    async def checked(request: WebSocketRequest, call_next: Next) -> None:
        await call_next()
        print(request.reason)

    @app.error_handler(LookupError)
    def answer(error: LookupError) -> Close:
        return Close(4004, str(error))

    @app.websocket("/")
    async def handler(ws: "Connection[str, str]") -> None:
        try:
            await ws.accept(headers=[("a", "b")])
        except ConnectionClosed as closed:
            print(closed.reason, closed.code)
        except BadMessage as bad:
            print(bad.code, bad.reason)

    needs = [use.need for use in uses(app)]
    assert needs == [
        "peer-close-reason",
        "close-code",
        "close-reason",
        "accept-headers",
        "peer-close-reason",
        "peer-close-code",
    ]


def test_the_command() -> None:
    result = CliRunner().invoke(cli.app, ["servers", "--app", "tests.choosing_app:app", "--need", "trio"])
    assert result.exit_code == 0
    assert "choosing_app.py:15  request.deny(401, body='a key is needed')  -> denial-status" in result.output
    assert "anysocket serve tests.choosing_app:app --server hypercorn --loop trio" in result.output


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("tests.test_choosing_uses:plain", "is no anysocket.Application, but of type function"),
        ("tests.choosing_app:none", "has no attribute 'none'"),
    ],
)
def test_another_application(target: str, says: str) -> None:
    result = CliRunner().invoke(cli.app, ["servers", "--app", target])
    assert says in str(result.exception)
    assert "\n" not in str(result.exception)
