"""Describes an application: its routes are channels, and the types of their handlers are messages."""

import inspect
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, count
from typing import cast
from urllib.parse import urlsplit

from msgspec import to_builtins

from anysocket.application import AnyRoute, Application
from anysocket.asyncapi.document import (
    Action,
    Bindings,
    Channel,
    Components,
    Document,
    Handshake,
    Info,
    Message,
    Operation,
    Parameter,
    Reference,
    Schema,
    Server,
)
from anysocket.asyncapi.kinds import Kind, as_name, is_untyped, received_and_sent
from anysocket.asyncapi.schemas import schemas
from anysocket.messages.structured import JsonValue
from anysocket.messages.types import named
from anysocket.routing import parameters
from anysocket.routing.signature import Signature


def describe(
    app: Application,
    *,
    title: str = "WebSocket API",
    version: str = "0.1.0",
    description: str = "",
    server: str | None = None,
) -> dict[str, JsonValue]:
    """Describe an application as an AsyncAPI 3.0.0 document, in plain data.

    The same routes in the same order make the same document.

    Args:
        app: the application, with all of its routes.
        title: the title of the document.
        version: the version of the application's API.
        description: of the application, in CommonMark.
        server: where it is served, such as `wss://example.com/api`.

    Raises:
        ValueError: the server isn't such a URL, or two types of messages have the same module
            and name.
    """
    channels: dict[str, Channel] = {}
    operations: dict[str, Operation] = {}
    messages: dict[Kind, str] = {}
    for route in app.routes:
        channel = _unused(as_name(route.path) or "root", channels)
        received, sent = received_and_sent(route.signature, route.codec)
        for kind in (*received, *sent):
            if kind not in messages:
                messages[kind] = _unused(kind.name, messages.values())
        channels[channel] = _channel(route, [messages[kind] for kind in (*received, *sent)])
        said: Sequence[tuple[Action, list[Kind]]] = [("receive", received), ("send", sent)]
        for action, kinds in said:
            operations[f"{action}_{channel}"] = Operation(
                action,
                Reference(f"#/channels/{channel}"),
                [Reference(f"#/channels/{channel}/messages/{messages[kind]}") for kind in kinds],
                _untyped(route.signature),
            )
    payloads, referred_to = schemas([kind.of for kind in messages])
    document = Document(
        asyncapi="3.0.0",
        info=Info(title, version, description),
        servers={} if server is None else {"server": _server(server)},
        channels=channels,
        operations=operations,
        components=Components(
            {
                name: Message(kind.name, kind.content_type, kind.summary, payload)
                for (kind, name), payload in zip(messages.items(), payloads, strict=True)
            },
            referred_to,
        ),
    )
    # A Struct becomes a dict by the names of its fields, which hold only JSON values.
    return cast("dict[str, JsonValue]", to_builtins(document))


def _channel(route: AnyRoute, messages: Iterable[str]) -> Channel:
    summary, _, description = (inspect.getdoc(route.handler) or "").partition("\n\n")
    signature = route.signature
    names = [text for text, is_parameter in route.segments if is_parameter]
    return Channel(
        address=route.path,
        summary=" ".join(summary.split()),
        description=description.strip(),
        parameters={name: _parameter(signature.path.get(name)) for name in names},
        messages={name: Reference(f"#/components/messages/{name}") for name in messages},
        bindings=Bindings(Handshake("GET", "0.1.0", _query(signature))),
    )


def _untyped(signature: Signature) -> str:
    if not is_untyped(signature):
        return ""
    return f"Any text or binary message: the handler's {named(signature.kind)} doesn't say which."


def _parameter(parameter: parameters.Parameter | None) -> Parameter:
    if parameter is None:  # a WebSocketRequest has it in path_params
        return Parameter("text")
    converter = parameter.converter
    return Parameter(converter.wants, list(converter.choices))


def _query(signature: Signature) -> Schema:
    if not signature.query:
        return {}
    return {
        "type": "object",
        "properties": {
            name: _query_parameter(parameter, signature.defaults.get(name))
            for name, parameter in signature.query.items()
        },
        "required": [
            name
            for name, parameter in signature.query.items()
            if name not in signature.defaults and not parameter.is_optional and not parameter.is_list
        ],
    }


def _query_parameter(parameter: parameters.Parameter, default: object) -> Schema:
    converter = parameter.converter
    schema: dict[str, object] = {**converter.schema}
    if converter.choices:
        schema["enum"] = list(converter.choices)

    def plain(value: object) -> object:
        return converter.format(value) if schema["type"] == "string" else value

    if parameter.is_list:
        listed: dict[str, object] = {"type": "array", "items": schema}
        if isinstance(default, Iterable):
            listed["default"] = [plain(each) for each in cast("Iterable[object]", default)]
        return listed
    return schema if default is None else {**schema, "default": plain(default)}


def _server(url: str) -> Server:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"server {url!r} must be a URL such as wss://example.com/api")
    return Server(parts.netloc, parts.scheme, parts.path)


def _unused(name: str, used: Collection[str]) -> str:
    """Give the name; if it is used already, add the first number that makes it unique."""
    numbered = (f"{name}_{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in used)
