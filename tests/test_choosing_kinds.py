"""Sockets in containers and attributes, found by their annotations."""

import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Optional, Protocol

import pytest

from anysocket import Application, CloseCode, Connection, JsonValue, WebSocket, WebSocketRequest
from anysocket.close import EVERY_CODE, ApplicationCode
from anysocket_matrix.choosing.uses import Use, uses

if TYPE_CHECKING:
    from decimal import Decimal as Nothing

BUSY = ApplicationCode(4000)

CONNECTED: dict[str, Connection[str, str]] = {}
PAIRS: list[tuple[str, Optional["WebSocket"]]] = []


def found(handler: Callable[[WebSocketRequest], Awaitable[None]]) -> list[Use]:
    app = Application()
    app.websocket("/")(handler)
    return uses(app)


class Room:
    topic: JsonValue = None

    def __init__(self, request: WebSocketRequest) -> None:
        self.sockets: dict[str, WebSocket] = {}
        self.request = request
        self.last = self.request.web_socket
        self.loop = self.circle()

    def circle(self) -> "Nothing":
        self.loop = self.loop
        return self.loop

    async def leave(self, name: str, code: ApplicationCode) -> None:
        await self.sockets[name].close(code)

    async def close(self, code: int) -> None:
        print(code, self.last.code)

    @property
    def first(self) -> WebSocket:
        return next(iter(self.sockets.values()))

    def each(self) -> Iterator[WebSocket]:
        yield from self.sockets.values()


@dataclass
class Hub:
    rooms: defaultdict[str, list[Room]] = field(default_factory=lambda: defaultdict(list))
    waiting: Annotated[set[Connection[str, str]] | None, "until there is room"] = None


HUB = Hub()


class Registry:
    named: dict[str, WebSocket] = {}  # noqa: RUF012  # as applications do

    @classmethod
    def find(cls, name: str) -> WebSocket:
        return cls.named[name]


class Closable(Protocol):
    async def close(self, code: ApplicationCode) -> None: ...


async def a_method_of_its_own(request: WebSocketRequest) -> None:
    await Room(request).leave("a", BUSY)


async def a_dict(request: WebSocketRequest) -> None:
    await CONNECTED[request.path].send("")


async def taken_from_a_dict(request: WebSocketRequest) -> None:
    if (there := CONNECTED.get(request.path)) is not None:
        await there.send("")


async def a_loop(request: WebSocketRequest) -> None:
    for name, each in list(CONNECTED.items()):
        await each.send("" if name else "a")
        await each.send("")


async def unpacked(_: WebSocketRequest) -> None:
    for _name, each in PAIRS:
        assert each is not None
        await each.send("")


async def a_comprehension(_: WebSocketRequest) -> None:
    print([each.code for each in CONNECTED.values()])


async def attributes_of_an_object(_: WebSocketRequest) -> None:
    for room in HUB.rooms["a"]:
        print(room.request.reason)


async def a_property(request: WebSocketRequest) -> None:
    room = Room(request)
    await room.first.send("")


async def a_generator(request: WebSocketRequest) -> None:
    for each in Room(request).each():
        await each.send("")


async def attributes_of_a_class(request: WebSocketRequest) -> None:
    await Registry.named[request.path].send("")
    print(Registry.find(request.path).code)


async def one_of_several(_: WebSocketRequest) -> None:
    for each in HUB.waiting or ():
        print(each.request.reason)


async def a_variable(request: WebSocketRequest) -> None:
    kept: dict[str, WebSocket | None] = {}
    ws = kept[request.path]
    assert ws is not None
    await ws.send("")


async def a_protocol(request: WebSocketRequest) -> None:
    await end(request.web_socket)


async def end(peer: Closable) -> None:
    await peer.close(BUSY)


async def a_guess(request: WebSocketRequest) -> None:
    kept: dict[str, Any] = {}
    await kept[request.path].close(4000, "full")


async def a_guess_by_name(request: WebSocketRequest) -> None:
    kept: Any = None
    await kept.close(code=BUSY)


async def of_other_things(request: WebSocketRequest) -> None:
    sqlite3.connect(request.path).close()
    kept: dict[str, Any] = {}
    kept[request.path].close()
    kept[request.path].close(3)
    await request.web_socket.accept()


async def of_another_class(_: WebSocketRequest, other: str = "") -> None:
    for room in HUB.rooms[other]:
        await room.close(4000)


ROOM = {"close-code", "peer-close-code"}


@pytest.mark.parametrize(
    ("handler", "needs"),
    [
        (a_method_of_its_own, ROOM),
        (a_dict, {"empty-messages"}),
        (taken_from_a_dict, {"empty-messages"}),
        (a_loop, {"empty-messages"}),
        (unpacked, {"empty-messages"}),
        (a_comprehension, {"peer-close-code"}),
        (attributes_of_an_object, {"peer-close-reason"}),
        (a_property, {"empty-messages", *ROOM}),
        (a_generator, {"empty-messages", *ROOM}),
        (attributes_of_a_class, {"empty-messages", "peer-close-code"}),
        (one_of_several, {"peer-close-reason"}),
        (a_variable, {"empty-messages"}),
        (of_other_things, set[str]()),
        (of_another_class, set[str]()),
    ],
)
def test_a_handler(handler: Callable[[WebSocketRequest], Awaitable[None]], needs: set[str]) -> None:
    seen = found(handler)
    assert {use.need for use in seen} == needs
    assert all(use.certain for use in seen)


@pytest.mark.parametrize(
    ("handler", "needs"),
    [
        (a_protocol, {"close-code"}),
        (a_guess, {"close-code", "close-reason"}),
        (a_guess_by_name, {"close-code"}),
    ],
)
def test_a_guess(handler: Callable[[WebSocketRequest], Awaitable[None]], needs: set[str]) -> None:
    seen = found(handler)
    assert {use.need for use in seen} == needs
    assert not any(use.certain for use in seen)


def of_silenced(*routes: Collection[int]) -> list[str]:
    """Return the needs of routes with this `silenced` argument."""
    app = Application()
    for number, expected_codes in enumerate(routes):
        app.websocket(f"/{number}", expected_codes=expected_codes)(quiet)
    return [use.need for use in uses(app)]


async def quiet(request: WebSocketRequest) -> None:
    await request.web_socket.accept()


def test_silenced_codes() -> None:
    assert of_silenced(EVERY_CODE, range(1000, 5000), ()) == []
    assert of_silenced((1000, 1001)) == ["peer-close-code"]
    assert of_silenced((1000, CloseCode.NO_STATUS_RCVD)) == ["peer-close-code", "no-close-code"]


def test_where_codes_are_silenced() -> None:
    app = Application()

    @app.websocket("/")
    async def here(request: WebSocketRequest) -> None:
        await request.web_socket.accept()

    @app.websocket(
        "/some",
        expected_codes=(1000, CloseCode.GOING_AWAY),
    )
    async def some(request: WebSocketRequest) -> None:
        await request.web_socket.accept()

    (use,) = uses(app)
    assert use.code == "expected_codes=(1000, CloseCode.GOING_AWAY)"
    assert (
        use.file.read_text().splitlines()[use.line - 1].strip()
        == "expected_codes=(1000, CloseCode.GOING_AWAY),"
    )
