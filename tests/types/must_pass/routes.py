"""Every kind of parameter, and handlers whose signatures have few types."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from enum import Enum, IntEnum, StrEnum
from functools import partial, wraps
from typing import Annotated, Concatenate, Final, Literal, ParamSpec, TypeAlias, assert_type
from uuid import UUID

from anysocket import Application, Connection, WebSocket, WebSocketRequest
from anysocket.application import Register

Text: TypeAlias = Connection[str, str]
P = ParamSpec("P")


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Unit(StrEnum):
    METRE = "m"


Side: TypeAlias = Literal["left", "right"]

app = Application()


@app.websocket("/simple/{text}/{whole}/{number}/{truth}/{uuid}/{day}/{time}")
async def simple(
    ws: Text, text: str, whole: int, number: float, truth: bool, uuid: UUID, day: date, time: datetime
) -> None: ...


@app.websocket("/chosen/{colour}/{size}/{unit}/{side}/{one}/{annotated}")
async def chosen(
    ws: Text,
    colour: Colour,
    size: Size,
    unit: Unit,
    side: Side,
    one: Literal[1],
    annotated: Annotated[int, "a note"],
    red: Literal[Colour.RED] = Colour.RED,
) -> None: ...


@app.websocket("/query")
async def query(
    ws: Text,
    needed: int,
    *,
    perhaps: int | None,
    default: str = "",
    both: Side | None = None,
    some: list[int],
    sides: list[Side],
    colours: list[Colour] | None = None,
) -> None: ...


@app.websocket("/path/{room}/{user}")
async def in_path_params(request: WebSocketRequest) -> None:
    print(request.path_params["room"], request.path_params["user"])


@app.websocket("/one/{room}/{user}")
async def one_of_them(request: WebSocketRequest, user: int) -> None: ...


@app.websocket("/slash/{room}")
async def behind_a_slash(web_socket: WebSocket, /, room: str) -> None: ...


def urls(uuid: UUID) -> list[str]:
    assert_type(behind_a_slash.url("hall"), str)
    return [
        simple.url("a", 1, 1.5, True, uuid, date(2026, 1, 31), time=datetime(2026, 1, 31)),
        chosen.url(Colour.RED, Size.SMALL, Unit.METRE, "left", one=1, annotated=2),
        query.url(1, perhaps=None, some=[1, 2], sides=["left"], colours=[Colour.RED]),
        in_path_params.path,
        one_of_them.url(user=1),
    ]


async def room(ws: Text, room: str, user: int = 0) -> None: ...


class Room:
    async def __call__(self, ws: Text, room: str) -> None: ...

    async def enter(self, ws: Text, room: str) -> None: ...


PATH: Final = "/constant/{room}"
app.websocket(PATH)(room)
app.websocket("/instance/{room}")(Room())
app.websocket("/method/{room}")(Room().enter)
app.websocket("/partial/{room}")(partial(room, user=1))
app.websocket("/handler/{room}")(app.websocket("/again/{room}")(room).handler)
register = app.websocket("/register/{room}")
register(room)
for name in ("red", "blue"):
    app.websocket(f"/{name}")(Room())
    app.websocket("/to-" + name)(room)


def anything(handler: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    return handler


def same(
    handler: Callable[Concatenate[Text, P], Awaitable[None]],
) -> Callable[Concatenate[Text, P], Awaitable[None]]:
    @wraps(handler)
    async def wrapper(ws: Text, /, *args: P.args, **kwargs: P.kwargs) -> None:
        await handler(ws, *args, **kwargs)

    app.websocket("/wrapper/{room}")(wrapper)
    return wrapper


@app.websocket("/anything/{room}")
@anything
async def of_any_parameters(ws: Text, room: str) -> None: ...


@app.websocket("/same/{room}")
@same
async def of_the_same_parameters(ws: Text, room: str) -> None: ...


class Prefixed:
    """A class whose paths have a prefix."""

    def websocket(self, path: str) -> Register:
        return app.websocket("/prefix/" + path)


Prefixed().websocket("{room}")(room)


def at_run_time(
    path: str, either: Literal["/a/{room}", "/b/{room}"], unnamed: Callable[[Text, str], Awaitable[None]]
) -> None:
    app.websocket("/unnamed/{room}")(unnamed)
    app.websocket(path)(room)
    app.websocket(either)(room)
    app.websocket(*[path])(room)
    app.websocket("/callable/{room}")(Room().enter if path else Room())
