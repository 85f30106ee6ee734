"""An application with all that a document can say."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Generic, Literal, NamedTuple, TypedDict, TypeVar
from uuid import UUID

from msgspec import Meta, Struct

from anysocket import (
    Application,
    BadMessage,
    Connection,
    Json,
    JsonValue,
    MessagePack,
    WebSocket,
    WebSocketRequest,
)
from anysocket.messages.codec import Decode, Encode

T = TypeVar("T")

app = Application()


class Tag(Enum):
    NEWS = "news"
    FUN = "fun"


class Join(Struct, tag=True):
    """Somebody comes in."""

    name: Annotated[str, Meta(min_length=1)]


class Say(Struct, tag=True):
    text: str
    to: str | None = None


class Said(Struct, tag=True):
    """What somebody has said.

    In *their* words.
    """

    name: str
    text: str
    answers: "Said | None" = None


class Left(Struct, tag="left", tag_field="kind"):
    name: str
    said: Annotated[Said, Meta(description="Their last words.")]


@app.websocket("/chat/{room}")
async def chat(
    connection: Connection[Join | Say | BadMessage, Said],
    room: str,
    limit: int = 50,
    since: datetime | None = None,
    tag: list[Tag] | None = None,
) -> None:
    """Talk in a room, with
    everybody who is there.

    It *begins* with a Join.
    """
    name = "nobody"
    before: Said | None = None
    async for message in connection:
        match message:
            case Join():
                name = message.name
            case Say():
                before = Said(name, message.text, before)
                await connection.send(before)
            case BadMessage():
                await connection.send(Said(room, message.reason))


@app.websocket("/all/{text}/{whole}/{real}/{truth}/{which}/{day}/{moment}/{tag}/{size}")
async def everything(
    connection: Connection[None, None],
    text: str,
    whole: int,
    real: float,
    truth: bool,
    which: UUID,
    day: date,
    moment: datetime,
    tag: Tag,
    size: Literal[1, 2],
    q_text: str,
    q_whole: int,
    q_real: float,
    q_truth: bool,
    q_which: UUID,
    q_day: date,
    q_moment: datetime,
    q_tag: Tag,
    q_size: Literal[1, 2],
    q_list: list[int],
    q_optional: int | None,
    d_text: str = "x",
    d_whole: int = 1,
    d_real: float = 0.5,
    d_truth: bool = True,
    d_day: date = date(2026, 1, 31),
    d_tag: Tag = Tag.FUN,
    d_size: Literal[1, 2] = 2,
) -> None: ...


class Point(NamedTuple):
    x: int
    y: int


class Pixel(Struct, array_like=True):
    at: Point
    color: tuple[int, int, int]
    alpha: float = 1.0


@dataclass
class Stroke:
    pixels: list[Pixel]
    tags: set[Tag]


class Shape(TypedDict):
    discriminator: str
    items: dict[str, Stroke]


class Drawing(Struct, forbid_unknown_fields=True):
    events: list[Join | Say]
    shapes: list[Shape] = []
    sizes: dict[str, tuple[int, int]] = {}


@app.websocket("/drawing", codec=MessagePack())
async def draw(connection: Connection[Drawing | int, list[Drawing] | None]) -> None:
    async for drawing in connection:
        await connection.send([drawing] if isinstance(drawing, Drawing) else None)


@app.websocket("/binary", codec=Json(binary=True))
async def binary_json(connection: Connection[Say, Said]) -> None: ...


class Lobby:
    class Join(Struct):
        seat: int


class Envelope(Struct, Generic[T], tag="envelope", tag_field="kind"):
    content: T


@app.websocket("/lobby")
async def lobby(connection: Connection[Lobby.Join, Left | Envelope[Lobby.Join]]) -> None:
    """Wait for a room."""
    async for joined in connection:
        await connection.send(Left("ada", Said("ada", f"take seat {joined.seat}")))


@app.websocket("/json")
async def any_json(connection: Connection[JsonValue, JsonValue]) -> None: ...


class Vector:
    """What msgspec doesn't know."""


class Csv:
    def decoder(self, of: object, /) -> Decode:
        return lambda message: Vector()

    def encoder(self, of: object, /) -> Encode:
        return lambda value: "1,2"

    def media_type(self, of: object, /) -> str:
        return "text/csv"


@app.websocket("/vectors", codec=Csv())
async def vectors(connection: Connection[Vector, Vector]) -> None: ...


@app.websocket("/plain/text")
async def text(connection: Connection[str, str]) -> None: ...


@app.websocket("/plain_text")
async def short_text(connection: Connection[Annotated[str, Meta(max_length=3)], str | bytes]) -> None: ...


@app.websocket("/")
async def request(request: WebSocketRequest) -> None: ...


@app.websocket("/any/{name}")
async def request_with_parameter(request: WebSocketRequest) -> None: ...


@app.websocket("/socket")
async def socket(socket: WebSocket) -> None: ...
