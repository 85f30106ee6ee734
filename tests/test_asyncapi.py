"""The AsyncAPI document of an application, checked with the published schema and with real messages."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias, cast

import anyio
import msgspec
import pytest
from jsonschema import Draft7Validator, ValidationError
from typer.testing import CliRunner

from anysocket import Application, Connection
from anysocket.adapter import Handshake
from anysocket.asyncapi import describe
from anysocket.testing.memory import MemoryPeer, MemoryTransport
from anysocket_matrix import cli
from tests.asyncapi.app import Drawing, Join, Left, Lobby, Pixel, Point, Said, Say, Stroke, Tag, app

ROOT = Path(__file__).parent.parent

Object: TypeAlias = Mapping[str, object]


class Validator(Protocol):
    """The part of a jsonschema validator that is used; its own annotations have no argument types."""

    def iter_errors(self, instance: object, /) -> Iterator[ValidationError]: ...


def validator(schema: Object) -> Validator:
    Draft7Validator.check_schema(schema)
    return cast("Validator", Draft7Validator(schema))


PUBLISHED = validator(json.loads((ROOT / "tests/asyncapi/3.0.0.json").read_text()))

DOCUMENT = describe(app)


def at(pointer: str, document: object = DOCUMENT) -> object:
    """Return the value that a JSON pointer refers to (RFC 6901)."""
    for part in pointer.removeprefix("#/").split("/"):
        document = cast("Object", document)[part]
    return document


def references(part: object) -> Iterator[str]:
    if isinstance(part, list):
        for value in cast("list[object]", part):
            yield from references(value)
    elif isinstance(part, dict):
        for key, value in cast("Object", part).items():
            if key == "$ref":
                yield str(value)
            yield from references(value)


def problems(document: object) -> list[str]:
    """Return the errors of a document: against the published schema, and references to nothing."""
    found = [f"{error.json_path}: {error.message}" for error in PUBLISHED.iter_errors(document)]
    for reference in references(document):
        try:
            at(reference, document)
        except KeyError:
            found.append(f"{reference} leads nowhere")
    return found


def valid(message: str, value: object, document: object = DOCUMENT) -> bool:
    """Return whether a value is valid for a message's payload."""
    components = at("#/components", document)
    schema = {"$ref": f"#/components/messages/{message}/payload", "components": components}
    return not any(validator(schema).iter_errors(value))


def test_it_is_valid() -> None:
    assert problems(DOCUMENT) == []
    assert at("#/asyncapi") == "3.0.0"


def test_one_without_routes_is_valid() -> None:
    assert problems(describe(Application())) == []


@pytest.mark.parametrize(
    ("pointer", "key", "value"),
    [
        ("#/", "asyncapi", "2.6.0"),
        ("#/info", "title", None),
        ("#/info", "nickname", "chat"),
        ("#/channels/chat_room", "path", "/chat"),
        ("#/channels/chat_room/parameters/room", "schema", {"type": "string"}),
        ("#/channels/chat_room/bindings/ws", "query", "limit"),
        ("#/operations/send_chat_room", "action", "publish"),
        ("#/operations/send_chat_room", "channel", {"$ref": "#/channels/nowhere"}),
        ("#/components/schemas/Said", "type", "struct"),
        ("#/components/schemas/Said", "discriminator", {"propertyName": "type"}),
    ],
)
def test_a_broken_one_is_not(pointer: str, key: str, value: object) -> None:
    broken = json.loads(msgspec.json.encode(DOCUMENT))
    part = broken if pointer == "#/" else cast("dict[str, object]", at(pointer, broken))
    part[key] = value
    assert problems(broken) != []


def test_a_channel() -> None:
    assert at("#/channels/chat_room") == {
        "address": "/chat/{room}",
        "summary": "Talk in a room, with everybody who is there.",
        "description": "It *begins* with a Join.",
        "parameters": {"room": {"description": "text"}},
        "messages": {
            "Join": {"$ref": "#/components/messages/Join"},
            "Say": {"$ref": "#/components/messages/Say"},
            "Said": {"$ref": "#/components/messages/Said"},
        },
        "bindings": {
            "ws": {
                "method": "GET",
                "bindingVersion": "0.1.0",
                "query": {
                    "type": "object",
                    "properties": {
                        "limit": {"type": "integer", "default": 50},
                        "since": {"type": "string", "format": "date-time"},
                        "tag": {"type": "array", "items": {"type": "string", "enum": ["news", "fun"]}},
                    },
                    "required": [],
                },
            }
        },
    }


def test_operations_are_those_of_the_application() -> None:
    assert at("#/operations/receive_chat_room") == {
        "action": "receive",
        "channel": {"$ref": "#/channels/chat_room"},
        "messages": [
            {"$ref": "#/channels/chat_room/messages/Join"},
            {"$ref": "#/channels/chat_room/messages/Say"},
        ],
    }
    assert at("#/operations/send_chat_room") == {
        "action": "send",
        "channel": {"$ref": "#/channels/chat_room"},
        "messages": [{"$ref": "#/channels/chat_room/messages/Said"}],
    }


def test_parameters_of_the_path() -> None:
    channel = "all_text_whole_real_truth_which_day_moment_tag_size"
    assert at(f"#/channels/{channel}/parameters") == {
        "text": {"description": "text"},
        "whole": {"description": "an integer"},
        "real": {"description": "a number"},
        "truth": {"description": "true or false"},
        "which": {"description": "a UUID"},
        "day": {"description": "a date such as 2026-01-31"},
        "moment": {"description": "a date and time such as 2026-01-31T12:00:00Z"},
        "tag": {"description": "one of news, fun", "enum": ["news", "fun"]},
        "size": {"description": "one of 1, 2", "enum": ["1", "2"]},
    }


def test_parameters_of_the_query() -> None:
    channel = "all_text_whole_real_truth_which_day_moment_tag_size"
    assert at(f"#/channels/{channel}/bindings/ws/query") == {
        "type": "object",
        "properties": {
            "q_text": {"type": "string"},
            "q_whole": {"type": "integer"},
            "q_real": {"type": "number"},
            "q_truth": {"type": "boolean"},
            "q_which": {"type": "string", "format": "uuid"},
            "q_day": {"type": "string", "format": "date"},
            "q_moment": {"type": "string", "format": "date-time"},
            "q_tag": {"type": "string", "enum": ["news", "fun"]},
            "q_size": {"type": "string", "enum": ["1", "2"]},
            "q_list": {"type": "array", "items": {"type": "integer"}},
            "q_optional": {"type": "integer"},
            "d_text": {"type": "string", "default": "x"},
            "d_whole": {"type": "integer", "default": 1},
            "d_real": {"type": "number", "default": 0.5},
            "d_truth": {"type": "boolean", "default": True},
            "d_day": {"type": "string", "format": "date", "default": "2026-01-31"},
            "d_tag": {"type": "string", "enum": ["news", "fun"], "default": "fun"},
            "d_size": {"type": "string", "enum": ["1", "2"], "default": "2"},
        },
        "required": [
            *("q_text", "q_whole", "q_real", "q_truth", "q_which"),
            *("q_day", "q_moment", "q_tag", "q_size"),
        ],
    }


def test_a_list_by_default() -> None:
    listed = Application()

    async def tagged(ws: Connection[str, str], tag: list[Tag] = [Tag.FUN]) -> None: ...  # noqa: B006

    listed.websocket("/")(tagged)
    assert at("#/channels/root/bindings/ws/query/properties/tag/default", describe(listed)) == ["fun"]


def test_parameters_that_the_handler_looks_up() -> None:
    assert at("#/channels/any_name/parameters") == {"name": {"description": "text"}}


def test_the_formats_of_messages() -> None:
    messages = cast("Mapping[str, Object]", at("#/components/messages"))
    assert {
        name: (message["name"], message["contentType"], message.get("summary", ""))
        for name, message in messages.items()
    } == {
        "Join": ("Join", "application/json", ""),
        "Say": ("Say", "application/json", ""),
        "Said": ("Said", "application/json", ""),
        "NoneType": ("NoneType", "application/json", ""),
        "Drawing": ("Drawing", "application/msgpack", ""),
        "int": ("int", "application/msgpack", ""),
        "list_Drawing": ("list_Drawing", "application/msgpack", ""),
        "NoneType_2": ("NoneType", "application/msgpack", ""),
        "Say_2": ("Say", "application/json", "In binary frames."),
        "Said_2": ("Said", "application/json", "In binary frames."),
        "Join_2": ("Join", "application/json", ""),
        "Left": ("Left", "application/json", ""),
        "Envelope_Join": ("Envelope_Join", "application/json", ""),
        "Any": ("Any", "application/json", ""),
        "Vector": ("Vector", "text/csv", ""),
        "text": ("text", "text/plain", ""),
        "text_2": ("text", "text/plain", ""),
        "binary": ("binary", "application/octet-stream", ""),
    }


def test_names_that_collide() -> None:
    assert at("#/channels/plain_text/address") == "/plain/text"
    assert at("#/channels/plain_text_2/address") == "/plain_text"
    join, other = (at(f"#/components/messages/{name}/payload/$ref") for name in ("Join", "Join_2"))
    assert join != other
    assert at(f"{join}/required") == ["type", "name"]
    assert at(f"{other}/required") == ["seat"]


def add_twin(app: Application, path: str) -> None:
    class Twin(msgspec.Struct):
        name: str

    @app.websocket(path)
    async def handler(connection: Connection[Twin, str]) -> None: ...


def test_types_that_nothing_tells_apart() -> None:
    confused = Application()
    add_twin(confused, "/one")
    assert problems(describe(confused)) == []
    add_twin(confused, "/two")
    with pytest.raises(ValueError, match=r"both called .*Twin"):
        describe(confused)


@pytest.mark.parametrize(("channel", "socket"), [("root", "WebSocketRequest"), ("socket", "WebSocket")])
@pytest.mark.parametrize("action", ["receive", "send"])
def test_a_handler_without_types_of_messages(channel: str, socket: str, action: str) -> None:
    assert at(f"#/operations/{action}_{channel}") == {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in ("text", "binary")],
        "description": f"Any text or binary message: the handler's {socket} doesn't say which.",
    }


def test_a_schema() -> None:
    assert at("#/components/messages/Said/payload") == {"$ref": "#/components/schemas/Said"}
    assert at("#/components/schemas/Said") == {
        "title": "Said",
        "description": "What somebody has said.\n\nIn *their* words.",
        "type": "object",
        "properties": {
            "type": {"enum": ["Said"]},
            "name": {"type": "string"},
            "text": {"type": "string"},
            "answers": {
                "anyOf": [{"$ref": "#/components/schemas/Said"}, {"type": "null"}],
                "default": None,
            },
        },
        "required": ["type", "name", "text"],
    }


def test_what_stands_beside_a_reference_counts() -> None:
    assert at("#/components/schemas/Left/properties/said") == {
        "description": "Their last words.",
        "allOf": [{"$ref": "#/components/schemas/Said"}],
    }


def test_payloads_of_text_and_binary() -> None:
    assert at("#/components/messages/text/payload") == {"type": "string"}
    assert at("#/components/messages/text_2/payload") == {"type": "string", "maxLength": 3}
    assert at("#/components/messages/binary/payload") == {"type": "string", "format": "binary"}


def test_what_no_schema_describes_can_be_anything() -> None:
    assert "payload" not in cast("Object", at("#/components/messages/Vector"))
    assert "payload" not in cast("Object", at("#/components/messages/Any"))


DRAWING = Drawing(
    [Join("ada"), Say("hi", "bob")],
    [{"discriminator": "x", "items": {"a": Stroke([Pixel(Point(1, 2), (3, 4, 5))], {Tag.FUN})}}],
    {"a": (1, 2)},
)


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("Join", Join("ada")),
        ("Say", Say("hi")),
        ("Say", Say("hi", "bob")),
        ("Said", Said("ada", "yes", Said("bob", "no"))),
        ("Left", Left("ada", Said("ada", "bye"))),
        ("Join_2", Lobby.Join(1)),
        ("NoneType", None),
        ("int", 1),
        ("Drawing", DRAWING),
        ("list_Drawing", [DRAWING]),
    ],
)
def test_values_are_valid(message: str, value: object) -> None:
    assert valid(message, json.loads(msgspec.json.encode(value)))


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("Join", {"type": "Say", "name": "ada"}),
        ("Join", {"type": "Join", "name": ""}),
        ("Said", {"type": "Said", "name": "ada", "text": "yes", "answers": {"type": "Join", "name": "x"}}),
        ("Left", {"kind": "left", "name": "ada"}),
        ("int", 1.5),
        ("Drawing", {"events": [{"type": "Said", "text": "hi"}]}),
        ("Drawing", {"events": [], "title": "x"}),
        ("list_Drawing", {"events": []}),
    ],
)
def test_other_values_are_not(message: str, value: object) -> None:
    assert not valid(message, value)


@pytest.mark.parametrize(
    "color", [[], [1, 2], [1, 2, 3, 4], [1, 2, "3"]], ids=["none", "few", "many", "others"]
)
def test_tuples(color: list[object]) -> None:
    def drawing(color: list[object]) -> object:
        items = {"a": {"pixels": [[[1, 2], color]], "tags": []}}
        return {"events": [], "shapes": [{"discriminator": "", "items": items}]}

    assert valid("Drawing", drawing([1, 2, 3]))
    assert not valid("Drawing", drawing(color))


async def talk(path: str, say: list[str | bytes], answers: int) -> list[str | bytes]:
    """Send messages to the application, and return its answers."""
    transport = MemoryTransport(Handshake(path=path))
    heard: list[str | bytes] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app.handle, transport)
        await transport.peer.receive()
        for message in say:
            await transport.peer.send(message)
        while len(heard) < answers:
            heard.append(await message_of(transport.peer))
        await transport.peer.close(1000)
    return heard


async def message_of(peer: MemoryPeer) -> str | bytes:
    message = await peer.receive()
    assert isinstance(message, str | bytes)
    return message


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "channel", "say", "answers", "decode"),
    [
        (
            "/chat/hall",
            "chat_room",
            [Join("ada"), Say("hi"), Say("again", "bob")],
            2,
            msgspec.json.decode,
        ),
        ("/lobby", "lobby", [Lobby.Join(7)], 1, msgspec.json.decode),
        ("/drawing", "drawing", [DRAWING, 1], 2, msgspec.msgpack.decode),
    ],
)
async def test_real_messages_are_what_the_document_says(
    path: str, channel: str, say: list[object], answers: int, decode: Callable[[str | bytes], object]
) -> None:
    binary = decode is msgspec.msgpack.decode
    sent: list[str | bytes] = [
        msgspec.msgpack.encode(each) if binary else msgspec.json.encode(each).decode() for each in say
    ]
    heard = await talk(path, sent, answers)
    for action, messages in ("receive", sent), ("send", heard):
        names = [
            name.rpartition("/")[2] for name in references(at(f"#/operations/{action}_{channel}/messages"))
        ]
        for message in messages:
            # "valid against one, and only one, of the message objects"
            assert [valid(name, decode(message)) for name in names].count(True) == 1, message


@pytest.mark.anyio
async def test_what_the_document_refuses_the_application_does_too() -> None:
    refused = {"type": "Join", "name": ""}
    assert not valid("Join", refused)
    (answer,) = await talk("/chat/hall", [json.dumps(refused)], 1)
    assert b"length >= 1" in str(answer).encode()


def test_info_and_server() -> None:
    document = describe(
        app, title="Chat", version="2.1.0", description="Talk.", server="wss://example.com:8443/api"
    )
    assert problems(document) == []
    assert document["info"] == {"title": "Chat", "version": "2.1.0", "description": "Talk."}
    assert document["servers"] == {
        "server": {"host": "example.com:8443", "protocol": "wss", "pathname": "/api"}
    }


@pytest.mark.parametrize(
    "server", ["https://example.com", "example.com", "ws://", "ws://[::1", "ws://h/?x=1"]
)
def test_a_server_must_be_one(server: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        describe(app, server=server)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["asyncapi", *arguments])
    return result.exit_code, result.output


def test_the_command() -> None:
    code, text = run("tests.asyncapi.app:app", "--title", "Chat", "--version", "2.0.0", "--server", "ws://h")
    assert code == 0
    assert json.loads(text) == describe(app, title="Chat", version="2.0.0", server="ws://h")
    assert text.startswith('{\n  "asyncapi": "3.0.0",\n')
    assert text.endswith("}\n")


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    file = tmp_path / "asyncapi.json"
    assert run("tests.asyncapi.app:app", "--output", str(file)) == (0, "")
    assert json.loads(file.read_text()) == DOCUMENT


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tests.asyncapi.app"], "module:attribute"),
        (["tests.asyncapi.nowhere:app"], "no module"),
        (["tests.asyncapi.app:nothing"], "no attribute"),
        (["tests.asyncapi.app:Application.handle"], "no anysocket.Application, but of type function"),
        (["tests.asyncapi.app:app", "--server", "h"], "server 'h' must be a URL"),
        (
            ["tests.asyncapi.app:app", "--output", "README.md/asyncapi.json"],
            "a file is where a folder should be",
        ),
    ],
)
def test_what_the_command_refuses(arguments: list[str], says: str) -> None:
    code, text = run(*arguments)
    assert code == 1
    assert text.startswith("anysocket: ")
    assert says in text


def test_the_same_text_every_time() -> None:
    command = [sys.executable, "-m", "anysocket_matrix", "asyncapi", "tests.asyncapi.app:app"]
    texts = {
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
    assert json.loads(texts.pop()) == DOCUMENT
