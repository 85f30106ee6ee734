"""A route: its url leads back to it, and it can still be called as its handler."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import Enum
from typing import Literal
from urllib.parse import unquote_to_bytes
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anysocket import Application, Connection, Query, Route, WebSocketRequest
from anysocket.routing.router import Router
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryTransport

pytestmark = pytest.mark.anyio

app = Application()


class Color(Enum):
    RED = "red / or so"


@app.websocket("/a b/{text}/é/{number}/{at}")
async def everything(
    ws: Connection[str, str],
    text: str,
    number: float,
    at: datetime,
    *,
    n: int,
    q: str | None = None,
    tags: list[str],
    flags: list[bool] | None = None,
    color: Color = Color.RED,
    kind: Literal["a", 1] = "a",
    day: date | None = None,
    id: UUID | None = None,  # noqa: A002 - a user's choice
) -> None:
    """Take one parameter of every kind."""


@app.websocket("/{room}")
async def with_default(ws: Connection[str, str], room: str = "lobby", page: int | None = 1) -> None: ...


@app.websocket("/raw/{room}")
async def raw(request: WebSocketRequest) -> None: ...


@app.websocket("/optional/{room}")
async def optional(request: WebSocketRequest, room: int | None = None) -> None: ...


def arrive(url: str, route: Route[Connection[str, str], ...]) -> dict[str, object]:
    """Match a url and parse its parameters, as before a handler is called."""
    assert re.fullmatch(r"[!-~]+", url)
    path, _, query = url.partition("?")
    router = Router[Route[Connection[str, str], ...]]()
    router.add(route.segments, route)
    match = router.match(unquote_to_bytes(path).decode())
    assert match is not None
    signature = match[0].signature
    return signature.path_arguments(match[1]) | signature.query_arguments(Query.from_raw(query.encode()))


FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text()


@given(
    text=TEXT,
    number=FINITE,
    at=st.datetimes(timezones=st.just(UTC)),
    n=st.integers(),
    q=st.none() | TEXT,
    tags=st.lists(TEXT),
    flags=st.lists(st.booleans(), min_size=1),
    kind=st.sampled_from(["a", 1]),
    day=st.none() | st.dates(),
    id_=st.none() | st.uuids(),
)
def test_a_url_leads_to_the_same_values(
    text: str,
    number: float,
    at: datetime,
    n: int,
    q: str | None,
    tags: list[str],
    flags: list[bool],
    kind: Literal["a", 1],
    day: date | None,
    id_: UUID | None,
) -> None:
    assume(text not in ("", ".", "..") and "/" not in text)
    url = everything.url(text, number, at, n=n, q=q, tags=tags, flags=flags, kind=kind, day=day, id=id_)
    given: dict[str, object] = {"text": text, "number": number, "at": at, "n": n, "tags": tags}
    given |= {"flags": flags, "kind": kind}
    given |= {name: value for name, value in {"q": q, "day": day, "id": id_}.items() if value is not None}
    assert arrive(url, everything) == given


def test_the_least_url() -> None:
    assert everything.url("x", 1, datetime(2026, 1, 31), n=1, tags=[]) == (
        "/a%20b/x/%C3%A9/1/2026-01-31T00%3A00%3A00?n=1"
    )


def test_a_default_in_the_path() -> None:
    assert with_default.url() == "/lobby"
    assert with_default.url(page=2) == "/lobby?page=2"
    assert with_default.url("a", page=None) == "/a"


@pytest.mark.parametrize("room", ["", ".", "..", "a/b", "/"])
def test_values_that_no_path_can_have(room: str) -> None:
    with pytest.raises(ValueError, match="can't be a segment of the path"):
        with_default.url(room)


def test_a_lone_surrogate() -> None:
    with pytest.raises(UnicodeEncodeError):
        with_default.url("\ud800")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_values_that_the_route_itself_refuses(number: float) -> None:
    with pytest.raises(ValueError, match="number must be a number, not"):
        everything.url("x", number, datetime(2026, 1, 31), n=1, tags=[])


@app.websocket("/optional/on/{day}")
async def optional_day(request: WebSocketRequest, day: date | None = None) -> None: ...


def test_none_in_the_path() -> None:
    with pytest.raises(ValueError, match="room must be an integer, not None"):
        optional.url()
    with pytest.raises(ValueError, match="day must be a date such as 2026-01-31, not None"):
        optional_day.url()


def test_a_url_without_its_parameter() -> None:
    with pytest.raises(TypeError, match=r"has no parameter room: add `room: str`"):
        raw.url()


def test_a_url_with_wrong_parameters() -> None:
    def url_of(url: Callable[..., str]) -> str:
        return url(nobody=1)

    with pytest.raises(TypeError, match="unexpected keyword argument 'nobody'"):
        url_of(with_default.url)


def test_it_looks_like_its_handler() -> None:
    assert getattr(everything, "__name__", None) == "everything"
    assert everything.__doc__ == "Take one parameter of every kind."
    assert everything.path == "/a b/{text}/é/{number}/{at}"
    assert everything.codec is None


async def test_it_can_be_called_as_its_handler() -> None:
    called: list[object] = []

    async def handler(request: WebSocketRequest, room: str, page: int = 1) -> None:
        called.append((request, room, page))

    request = WebSocketRequest(Session(MemoryTransport()))
    await Application().websocket("/{room}")(handler)(request, "a", page=2)
    assert called == [(request, "a", 2)]


class Handler:
    """An object with attributes that have the same names as those of a route."""

    def __init__(self) -> None:
        self.path = self.codec = self.signature = self.segments = self.handler = "mine"

    async def __call__(self, ws: Connection[str, str]) -> None: ...


def test_a_handler_with_attributes_of_its_own() -> None:
    handler = Handler()
    route = Application().websocket("/theirs")(handler)
    assert (route.path, route.handler, route.url()) == ("/theirs", handler, "/theirs")


def test_two_routes_of_one_handler() -> None:
    app = Application()
    inner = app.websocket("/a/{room}")(with_default.handler)
    outer = app.websocket("/b/{room}")(inner)
    assert (inner.path, outer.path) == ("/a/{room}", "/b/{room}")
    assert (inner.url("x"), outer.url("x")) == ("/a/x", "/b/x")
    assert [route.path for route in app.routes] == ["/a/{room}", "/b/{room}"]
