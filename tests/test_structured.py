"""JSON and MessagePack: valid and invalid messages, and the time of the error."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ForwardRef, Literal, Never, Optional, TypedDict, Union

import msgspec
import pytest
from typing_extensions import TypeAliasType

from anysocket import (
    Application,
    BadMessage,
    Close,
    Codec,
    Connection,
    Json,
    JsonValue,
    MessagePack,
    WebSocket,
    broadcast,
)
from anysocket.close import MAX_REASON_BYTES
from anysocket.routing.sockets import maker
from anysocket.supervision.error_handlers import handle_bad_message
from anysocket.testing import connect


class Join(msgspec.Struct, tag="join"):
    room: str


class Leave(msgspec.Struct, tag="leave", forbid_unknown_fields=True):
    why: Literal["bored", "late"] = "late"


@dataclass
class Point:
    x: int
    y: int = 0


class Tree(TypedDict):
    value: int
    children: list["Tree"]


class Node(msgspec.Struct):
    next: Optional["Node"] = None


class Opaque:
    pass


@dataclass
class Holds:
    opaque: list[Opaque]


class Typed(TypedDict):
    opaque: dict[str, tuple[Opaque, ...]]


class Recursive(msgspec.Struct):
    itself: Optional["Recursive"]
    opaque: Opaque | None = None


Ids = TypeAliasType("Ids", list[int])
Event = TypeAliasType("Event", Join | Leave)
Positive = Annotated[int, msgspec.Meta(gt=0)]


def refused(decode: Callable[[str | bytes], object], message: str | bytes) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        decode(message)
    assert caught.value.message == message
    return caught.value


@pytest.mark.parametrize(
    ("of", "message", "value"),
    [
        (int, "7", 7),
        (Join, '{"type":"join","room":"a"}', Join("a")),
        (Join | Leave, '{"type":"leave"}', Leave()),
        (Event, '{"type":"leave"}', Leave()),
        (Union[Event, None], "null", None),  # noqa: UP007
        (Point, '{"x":1}', Point(1)),
        (Point | None, "null", None),
        (Tree, '{"value":1,"children":[]}', {"value": 1, "children": []}),
        (Node, '{"next":{"next":null}}', Node(Node())),
        (Ids, "[1,2]", [1, 2]),
        (Positive, "1", 1),
        (JsonValue, '{"a":[1,null,"b",1.5,true]}', {"a": [1, None, "b", 1.5, True]}),
        (list[JsonValue], '[{"a":1}]', [{"a": 1}]),
        (dict[str, JsonValue], '{"a":[1]}', {"a": [1]}),
        (JsonValue | None, "null", None),
        (str | int, '"x"', "x"),
        (int, "9" * 4300, int("9" * 4300)),
        (JsonValue, '{"a":1,"a":2}', {"a": 2}),  # the last of the same name, as in most libraries
    ],
)
def test_values(of: object, message: str, value: object) -> None:
    assert Json().decoder(of)(message) == value


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (int, ""),
        (int, "x"),
        (int, "1.5"),
        (int, "9" * 5000),
        (int, "-" + "9" * 5000),
        (float, "NaN"),
        (float, "1e999"),
        (JsonValue, "Infinity"),
        (JsonValue, "1e" + "9" * 5000),
        (JsonValue, '"\\ud800"'),
        (JsonValue, '{"\\ud800":1}'),
        (JsonValue, '"\ud800"'),
        (JsonValue, '"\0"'),
        (JsonValue, "[" * 100_000),
        (JsonValue, "[" * 100_000 + "]" * 100_000),
        (JsonValue, '{"a":' * 100_000),
        (Node, '{"next":' * 100_000),
        (set[JsonValue], "[[1]]"),
        (set[JsonValue], "[{}]"),
        (dict[int, int], '{"' + "9" * 5000 + '":1}'),
        (datetime, '"99999-01-01T00:00:00Z"'),
        (Join, '{"type":"join"}'),
        (Join | Leave, '{"type":"none"}'),
        (Join | Leave, "[]"),
        (Positive, "0"),
        (Point, '{"x":"1"}'),
    ],
)
def test_bad_json(of: object, message: str) -> None:
    error = refused(Json().decoder(of), message)
    assert error.code == 1007
    assert error.reason


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (JsonValue, b""),
        (JsonValue, b"\xc1"),
        (JsonValue, b"\xa1\xff"),
        (JsonValue, b"\xdd\xff\xff\xff\xff"),
        (JsonValue, b"\x91" * 100_000),
        (JsonValue, b"\x81\xa1a" * 100_000),
        (JsonValue, b"\x81\x80\x01"),
        (JsonValue, b"\xd7\xff" + b"\xff" * 8),
        (set[JsonValue], b"\x91\x80"),
        (datetime, b"\xc7\x0c\xff" + b"\x00" * 4 + b"\x7f" * 8),
        (int, b"\xa1a"),
    ],
)
def test_bad_messagepack(of: object, message: bytes) -> None:
    assert refused(MessagePack().decoder(of), message).code == 1007


def test_json_in_binary_that_is_no_utf8() -> None:
    assert refused(Json(binary=True).decoder(JsonValue), b'"\xff"').code == 1007


@pytest.mark.parametrize(
    ("codec", "message", "reason"),
    [
        (Json(), b"1", "JSON in text frames only"),
        (Json(binary=True), "1", "JSON in binary frames only"),
        (MessagePack(), "1", "MessagePack in binary frames only"),
    ],
)
def test_the_wrong_kind_of_frame(codec: Codec, message: str | bytes, reason: str) -> None:
    error = refused(codec.decoder(int), message)
    assert (error.code, error.reason) == (1003, reason)


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        (Json(), '{"x":1,"y":2}'),
        (Json(binary=True), b'{"x":1,"y":2}'),
        (MessagePack(), b"\x82\xa1x\x01\xa1y\x02"),
    ],
)
def test_round_trip(codec: Codec, message: str | bytes) -> None:
    assert codec.encoder(Point)(Point(1, 2)) == message
    assert codec.decoder(Point)(message) == Point(1, 2)


def test_media_types() -> None:
    assert (Json().media_type(int), MessagePack().media_type(int)) == (
        "application/json",
        "application/msgpack",
    )


@pytest.mark.parametrize("value", ["e" * 500, "é" * 500, "😀" * 500])
def test_a_reason_fits_into_a_close_frame(value: str) -> None:
    close = handle_bad_message(refused(Json().decoder(Join | Leave), f'{{"type":"{value}"}}'))
    close.validate()
    assert MAX_REASON_BYTES - 4 < len(close.reason.encode()) <= MAX_REASON_BYTES
    assert close.reason.startswith("Invalid value '")


def test_a_reason_that_quotes_a_lone_surrogate() -> None:
    assert handle_bad_message(BadMessage("x", 1007, "not \ud800")) == Close(1007, "not ?")


UNSUPPORTED: list[object] = [
    Opaque,
    Opaque | None,
    list[Opaque],
    dict[Opaque, int],
    tuple[int, Opaque],
    Annotated[Opaque, "doc"],
    Holds,
    Typed,
    Recursive,
    complex,
    type,
]


@pytest.mark.parametrize("codec", [Json(), MessagePack()])
@pytest.mark.parametrize("of", UNSUPPORTED)
def test_unsupported_wherever_it_stands(codec: Codec, of: object) -> None:
    for make in (codec.decoder, codec.encoder):
        with pytest.raises(
            TypeError, match="can't be a message, or a part of one: use what msgspec supports"
        ):
            make(of)


@pytest.mark.parametrize("of", [Never, Point | Holds, ForwardRef("Nowhere")])
def test_unsupported_by_msgspec_itself(of: object) -> None:
    with pytest.raises(TypeError, match=r"is not supported|may not contain"):
        Json().decoder(of)


@pytest.mark.parametrize("of", [Node, Tree, Node | None])
def test_recursive_types_are_supported(of: object) -> None:
    Json().encoder(of)
    Json().decoder(of)


@pytest.mark.parametrize("codec", [Json(), MessagePack()])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (Opaque(), TypeError),
        ([1, {"a": Opaque()}], TypeError),
        ("\ud800", UnicodeEncodeError),
        ({"\ud800": 1}, UnicodeEncodeError),
    ],
)
def test_a_value_that_cannot_be_encoded(codec: Codec, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        codec.encoder(JsonValue)(value)


def test_msgspec_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msgspec", None)
    with pytest.raises(TypeError, match=r"Point need msgspec: pip install 'anysocket\[msgspec\]'"):
        Json().decoder(Point)
    maker(Connection[str, bytes], None, ())  # needs none


def test_the_annotation_of_a_codec() -> None:
    with pytest.raises(TypeError, match="a codec is for a Connection, not for WebSocket"):
        maker(WebSocket, Json(), ())


@pytest.mark.parametrize("codec", [Json(), MessagePack()])
def test_anything_is_sent_as_an_object(codec: Codec) -> None:
    for of in (object, dict[str, object], list[object] | None):
        assert codec.encoder(of)({"a": [1]})
        with pytest.raises(TypeError, match="object can't be a message"):
            codec.decoder(of)


@pytest.mark.anyio
@pytest.mark.parametrize("shape", ["a cycle", "deep"])
async def test_a_message_that_is_nested_too_deeply_is_not_sent(shape: str) -> None:
    message: list[object] = []
    if shape == "a cycle":
        message.append(message)
    else:
        for _ in range(200_000):
            message = [message]
    app = Application()

    @app.websocket("/")
    async def handler(ws: Connection[str, object]) -> None:
        with pytest.raises(ValueError, match="a list that contains itself, or is nested too deeply"):
            await ws.send(message)
        with pytest.raises(ValueError, match="a list that contains itself"):
            await broadcast([ws], message)
        await ws.send("still open")

    async with connect(app) as peer:
        assert await peer.receive() == '"still open"'
