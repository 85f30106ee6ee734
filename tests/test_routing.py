"""The choice of a handler by path."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anysocket import WebSocketRequest
from anysocket.routing.router import Router
from anysocket.routing.template import segments

Handler: TypeAlias = Callable[[WebSocketRequest], Awaitable[None]]


async def one(request: WebSocketRequest) -> None: ...


async def two(request: WebSocketRequest) -> None: ...


async def three(request: WebSocketRequest) -> None: ...


ROUTES: list[tuple[str, Handler]] = [
    ("/", one),
    ("/chat", one),
    ("/chat/", two),
    ("/chat/{room}", three),
    ("/chat/lobby", one),
    ("/a/b/c", one),
    ("/{x}/b/d", two),
    ("/a/{y}/{z}/end", three),
    ("/naïve/{name}", one),
]


@pytest.fixture
def router() -> Router[Handler]:
    router = Router[Handler]()
    for path, handler in ROUTES:
        router.add(segments(path), handler)
    return router


@pytest.mark.parametrize(
    ("path", "handler", "values"),
    [
        ("/", one, ()),
        ("/chat", one, ()),
        ("/chat/", two, ()),
        ("/chat/lobby", one, ()),
        ("/chat/kitchen", three, ("kitchen",)),
        ("/chat/Lobby", three, ("Lobby",)),
        ("/chat/a b€", three, ("a b€",)),
        ("/chat/{room}", three, ("{room}",)),
        ("/a/b/c", one, ()),
        ("/a/b/d", two, ("a",)),
        ("/a/b/c/end", three, ("b", "c")),
        ("/other/b/d", two, ("other",)),
        ("/naïve/x", one, ("x",)),
    ],
)
def test_match(router: Router[Handler], path: str, handler: Handler, values: tuple[str, ...]) -> None:
    assert router.match(path) == (handler, values)


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/chat//",
        "/chat/lobby/",
        "/chat/a/b",
        "//chat",
        "/a",
        "/a/b",
        "/a/b/c/",
        "//b/d",
        "/a//c/end",
        "",
        "chat",
        "*",
    ],
)
def test_no_match(router: Router[Handler], path: str) -> None:
    assert router.match(path) is None


def test_an_empty_router() -> None:
    assert Router[Handler]().match("/") is None


def test_an_empty_segment_is_a_literal() -> None:
    router = Router[Handler]()
    router.add(segments("/a//b"), one)
    assert router.match("/a//b") == (one, ())
    assert router.match("/a/x/b") is None


@pytest.mark.parametrize("path", ["", "chat", "{room}", "*"])
def test_a_route_starts_with_a_slash(path: str) -> None:
    with pytest.raises(ValueError, match="must start with a slash"):
        segments(path)


@pytest.mark.parametrize(
    "path",
    [
        "/{",
        "/}",
        "/{}",
        "/{a",
        "/a}",
        "/{a}{b}",
        "/x{a}",
        "/{a}x",
        "/{1a}",
        "/{a-b}",
        "/{a b}",
        "/{é}",
        "/{{a}}",
    ],
)
def test_malformed_braces(path: str) -> None:
    with pytest.raises(ValueError, match=r"must be text or one \{name\}"):
        segments(path)


def test_a_parameter_named_twice() -> None:
    with pytest.raises(ValueError, match="names a parameter twice"):
        segments("/{a}/{a}")


@pytest.mark.parametrize(("path", "same"), [("/a", "/a"), ("/{a}", "/{b}"), ("/x/{a}/y", "/x/{b}/y")])
def test_a_route_that_is_taken(path: str, same: str) -> None:
    router = Router[Handler]()
    router.add(segments(path), one)
    with pytest.raises(ValueError, match="has a handler already"):
        router.add(segments(same), two)
    assert router.match(path.replace("{a}", "v")) is not None


def test_a_parameter_may_end_one_route_and_go_on_in_another() -> None:
    router = Router[Handler]()
    router.add(segments("/{user}"), one)
    router.add(segments("/{room}/members"), two)
    assert router.match("/7") == (one, ("7",))
    assert router.match("/7/members") == (two, ("7",))


def test_a_slash_is_needed_before_a_parameter_alone() -> None:
    router = Router[Handler]()
    router.add(segments("/{user}"), one)
    assert router.match("/7") == (one, ("7",))
    assert router.match("7") is None
    assert router.match("/") is None


SEGMENTS = st.sampled_from(["a", "b", "{x}", ""])
PATHS = st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=1, max_size=4)


@given(routes=st.lists(st.lists(SEGMENTS, min_size=1, max_size=4), max_size=8), path=PATHS)
def test_the_first_literal_segment_wins(routes: list[list[str]], path: list[str]) -> None:
    """This is independent of other routes and of the places of their parameters."""
    router = Router[tuple[str, ...]]()
    for number, route in enumerate(routes):
        named = [f"{{x{place}}}" if each == "{x}" else each for place, each in enumerate(route)]
        if route not in routes[:number]:
            router.add(segments("/" + "/".join(named)), tuple(route))
    fitting = [
        route
        for route in routes
        if len(route) == len(path)
        and all(asked == each or (each == "{x}" and asked) for each, asked in zip(route, path, strict=True))
    ]
    best = min(fitting, key=lambda route: [each == "{x}" for each in route], default=None)
    values = tuple(value for each, value in zip(best or (), path, strict=bool(best)) if each == "{x}")
    assert router.match("/" + "/".join(path)) == (best and (tuple(best), values))
