"""A handler's signature: its arguments, and the errors in it."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Annotated, Literal, ParamSpec

import pytest
from typing_extensions import TypeAliasType

from anysocket import Application, Connection, Json, JsonValue, Query, WebSocketRequest
from anysocket.close import EVERY_CODE
from anysocket.messages.codec import Codec
from anysocket.routing.signature import AnyHandler, Refused, Signature, read

P = ParamSpec("P")
Text = Connection[str, str]


def signature(handler: AnyHandler, *names: str, codec: Codec | None = None) -> Signature:
    return read("/x", names, handler, codec, EVERY_CODE)


def arguments(handler: AnyHandler, query: str = "", **path: str) -> dict[str, object]:
    read = signature(handler, *path)
    return read.path_arguments([*path.values()]) | read.query_arguments(Query.from_raw(query.encode()))


async def by_page(
    ws: Text, room: int, page: int, tags: list[int], q: str | None, sort: Literal["up", "down"] = "up"
) -> None: ...


def test_the_parameters_of_a_path_come_in_any_order() -> None:
    async def handler(ws: Text, second: int, first: str) -> None: ...

    assert arguments(handler, first="a", second="2") == {"first": "a", "second": 2}


def test_arguments() -> None:
    assert arguments(by_page, "page=2&tags=1&tags=2&q=a%20b&sort=down", room="7") == {
        "room": 7,
        "page": 2,
        "tags": [1, 2],
        "q": "a b",
        "sort": "down",
    }


def test_what_may_be_missing() -> None:
    assert arguments(by_page, "page=2", room="7") == {"room": 7, "page": 2, "tags": [], "q": None}


async def with_defaults(ws: Text, n: int = 1, tags: list[str] = ["a"], o: int | None = 3) -> None: ...  # noqa: B006


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("n=2&n=3", {"n": 2}),
        ("tags=b&tags=", {"tags": ["b", ""]}),
        ("o=4", {"o": 4}),
        ("other=1", {}),
        ("%6E=2", {"n": 2}),
    ],
)
def test_defaults(query: str, expected: dict[str, object]) -> None:
    assert arguments(with_defaults, query) == expected


@pytest.mark.parametrize(
    ("query", "path", "status", "reason"),
    [
        ("page=2", "x", 403, "room must be an integer, not 'x'"),
        ("page=2", "9" * 5000, 403, f"room must be an integer, not '{'9' * 100}'"),
        ("page=2", "\0", 403, r"room must be an integer, not '\x00'"),
        ("", "7", 400, "page is missing in the query: it must be an integer"),
        ("page=", "7", 400, "page must be an integer, not ''"),
        ("page=1&tags=1&tags=x", "7", 400, "tags must be an integer, not 'x'"),
        ("page=%ff", "7", 400, "page must be an integer, not '\ufffd'"),
        ("page=1&sort=%0d%0a", "7", 400, r"sort must be one of up, down, not '\r\n'"),
    ],
)
def test_refusals(query: str, path: str, status: int, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        arguments(by_page, query, room=path)
    assert (caught.value.status, str(caught.value)) == (status, reason)


async def of_strings(ws: "Connection[str, str]", room: "int") -> None: ...


class Handlers:
    async def method(self, ws: Text, room: int) -> None: ...

    @staticmethod
    async def static(ws: Text, room: int) -> None: ...

    async def __call__(self, ws: Text, room: int) -> None: ...


def logged(handler: Callable[P, Awaitable[None]]) -> Callable[P, Awaitable[None]]:
    @wraps(handler)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        await handler(*args, **kwargs)

    return wrapped


async def partly(prefix: str, ws: Text, room: int) -> None: ...


async def positional_socket(ws: Text, /, room: int) -> None: ...


async def keyword_only(ws: Text, *, room: int) -> None: ...


async def annotated(ws: Annotated[Text, "doc"], room: Annotated[int, "doc"]) -> None: ...


Chat = TypeAliasType("Chat", Connection[str, str])


async def aliased(ws: Chat, room: int) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [
        of_strings,
        Handlers().method,
        Handlers.static,
        Handlers(),
        logged(logged(Handlers().method)),
        partial(partly, "x"),
        positional_socket,
        keyword_only,
        annotated,
        aliased,
        Application().websocket("/{room}")(positional_socket),
    ],
)
def test_handlers(handler: AnyHandler) -> None:
    assert arguments(handler, room="7") == {"room": 7}
    assert signature(handler, "room").kind == Text


def made(parameters: str) -> AnyHandler:
    """Make a handler that type checkers would reject."""
    space: dict[str, AnyHandler] = {"Connection": Connection}
    exec(f"async def handler({parameters}): ...", space)
    return space["handler"]


def test_without_annotations() -> None:
    handler = made("ws: Connection[str, str], room, other")
    assert arguments(handler, "other=1", room="7") == {"room": "7", "other": "1"}


def test_a_request_has_its_path_parameters_anyway() -> None:
    async def handler(request: WebSocketRequest) -> None: ...

    assert arguments(handler, room="x") == {}


def not_async(ws: Text) -> None: ...


async def no_parameter() -> None: ...


async def other_first(room: int, ws: Text) -> None: ...


async def socket_by_name_only(*, ws: Text) -> None: ...


async def only_many(*ws: Text) -> None: ...


async def many(ws: Text, *others: str) -> None: ...


async def many_named(ws: Text, **others: str) -> None: ...


async def positional(ws: Text, room: int, /) -> None: ...


async def unconvertible(ws: Text, body: bytes) -> None: ...


async def listed(ws: Text, room: list[int]) -> None: ...


async def forgotten(ws: Text) -> None: ...


async def unsupported(ws: Connection[object, JsonValue]) -> None: ...


NO_SOCKET = "has no socket: its first parameter must be a Connection"


MISTAKES: list[tuple[AnyHandler, tuple[str, ...], str]] = [
    (not_async, (), "must be async: write `async def`"),
    (Handlers, (), "must be async"),
    (partial(not_async), (), "must be async"),
    (no_parameter, (), NO_SOCKET),
    (other_first, (), "int is no socket: use Connection"),
    (made("socket"), (), "annotate its first parameter with `socket: Connection"),
    (made("ws, room"), ("room",), "annotate its first parameter with `ws: Connection"),
    (made("ws: Connection"), (), "Connection is no socket"),
    (Handlers.method, (), "annotate its first parameter with `self: Connection"),
    (socket_by_name_only, (), NO_SOCKET),
    (only_many, (), NO_SOCKET),
    (many, (), r"name each parameter: \* and \*\* aren\'t possible here"),
    (many_named, (), "name each parameter"),
    (positional, ("room",), "only the socket may stand before the /"),
    (unconvertible, (), "bytes can't be a parameter"),
    (
        made("ws: 'Nowhere'"),
        (),
        "an annotation of .* can't be found at run time: name 'Nowhere' is not defined",
    ),
    (made("ws, room: 'str.nothing'"), (), "can't be found at run time"),
    (made("ws, room: 'a room'"), (), "can't be found at run time"),
    (listed, ("room",), "a list can't be a parameter of the path, only of the query"),
    (forgotten, ("room",), r"has no parameter for \{room\}: add `room: str`"),
    (unsupported, (), "object can't be a message"),
]


@pytest.mark.parametrize(("handler", "names", "message"), MISTAKES)
def test_mistakes(handler: AnyHandler, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        signature(handler, *names)
    assert "handler of route '/x'" in str(caught.value)


def test_a_codec_without_messages() -> None:
    async def handler(request: WebSocketRequest) -> None: ...

    with pytest.raises(TypeError, match="a codec is for a Connection, not for WebSocketRequest"):
        signature(handler, codec=Json())
