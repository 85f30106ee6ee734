"""Which handler a path leads to."""

import functools

import pytest

from anysocket import Handler, WebSocketRequest
from anysocket.routing import Router


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
def router() -> Router:
    router = Router()
    for path, handler in ROUTES:
        router.add(path, handler)
    return router


@pytest.mark.parametrize(
    ("path", "handler", "params"),
    [
        ("/", one, {}),
        ("/chat", one, {}),
        ("/chat/", two, {}),
        ("/chat/lobby", one, {}),
        ("/chat/kitchen", three, {"room": "kitchen"}),
        ("/chat/Lobby", three, {"room": "Lobby"}),
        ("/chat/a b€", three, {"room": "a b€"}),
        ("/chat/{room}", three, {"room": "{room}"}),
        ("/a/b/c", one, {}),
        ("/a/b/d", two, {"x": "a"}),
        ("/a/b/c/end", three, {"y": "b", "z": "c"}),
        ("/other/b/d", two, {"x": "other"}),
        ("/naïve/x", one, {"name": "x"}),
    ],
)
def test_match(router: Router, path: str, handler: Handler, params: dict[str, str]) -> None:
    assert router.match(path) == (handler, params)


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
    ],
)
def test_no_match(router: Router, path: str) -> None:
    assert router.match(path) is None


def test_an_empty_router() -> None:
    assert Router().match("/") is None


def test_an_empty_segment_is_a_literal() -> None:
    router = Router()
    router.add("/a//b", one)
    assert router.match("/a//b") == (one, {})
    assert router.match("/a/x/b") is None


@pytest.mark.parametrize("path", ["", "chat", "{room}", "*"])
def test_a_route_starts_with_a_slash(path: str) -> None:
    with pytest.raises(ValueError, match="must start with a slash"):
        Router().add(path, one)


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
        Router().add(path, one)


def test_a_parameter_named_twice() -> None:
    with pytest.raises(ValueError, match="names a parameter twice"):
        Router().add("/{a}/{a}", one)


@pytest.mark.parametrize(("path", "same"), [("/a", "/a"), ("/{a}", "/{b}"), ("/x/{a}/y", "/x/{b}/y")])
def test_a_route_that_is_taken(path: str, same: str) -> None:
    router = Router()
    router.add(path, one)
    with pytest.raises(ValueError, match="leads to a handler already"):
        router.add(same, two)
    assert router.match(path.replace("{a}", "v")) is not None


def test_a_refused_route_leads_nowhere() -> None:
    router = Router()
    with pytest.raises(ValueError, match="twice"):
        router.add("/{a}/{a}", one)
    assert router.match("/x/x") is None


def test_parameters_of_one_place_may_have_several_names() -> None:
    router = Router()
    router.add("/{user}", one)
    router.add("/{room}/members", two)
    assert router.match("/7") == (one, {"user": "7"})
    assert router.match("/7/members") == (two, {"room": "7"})


def sync(request: WebSocketRequest) -> None: ...


@pytest.mark.parametrize("handler", [sync, functools.partial(sync), print, object()])
def test_a_handler_that_is_not_async(handler: Handler) -> None:
    with pytest.raises(TypeError, match="must be async"):
        Router().add("/", handler)


class Greeter:
    async def __call__(self, request: WebSocketRequest) -> None: ...

    async def greet(self, request: WebSocketRequest) -> None: ...


@pytest.mark.parametrize("handler", [one, Greeter(), Greeter().greet, functools.partial(one)])
def test_handlers_that_are_async(handler: Handler) -> None:
    router = Router()
    router.add("/", handler)
    assert router.match("/") == (handler, {})
