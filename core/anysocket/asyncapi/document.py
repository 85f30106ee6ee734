"""The parts of an AsyncAPI 3.0.0 document that an application needs. Empty parts are left out."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

Schema: TypeAlias = Mapping[str, object]
"""A JSON Schema of draft 07, on which AsyncAPI's schemas are based."""


Action: TypeAlias = Literal["receive", "send"]
"""The direction, as the application sees it."""


class Part(Struct, omit_defaults=True, rename="camel", frozen=True):
    """Any part of a document."""


class Reference(Part, frozen=True):
    """A reference to another part of the document."""

    ref: str = field(name="$ref")


class Info(Part, frozen=True):
    """The title of the document, its version and its description."""

    title: str
    version: str
    description: str = ""


class Server(Part, frozen=True):
    """The server that serves the application."""

    host: str
    protocol: str
    pathname: str = ""


class Parameter(Part, frozen=True):
    """A parameter of a path. It is text, and is required."""

    description: str = ""
    enum: list[str] = []


class Handshake(Part, frozen=True):
    """The WebSockets binding of a channel: the handshake's method and query."""

    method: Literal["GET"]
    binding_version: Literal["0.1.0"]
    query: Schema = {}


class Bindings(Part, frozen=True):
    """The bindings of a channel, by protocol."""

    ws: Handshake


class Channel(Part, frozen=True, kw_only=True):
    """A route."""

    address: str
    summary: str = ""
    description: str = ""
    parameters: dict[str, Parameter] = {}
    messages: dict[str, Reference]
    bindings: Bindings


class Operation(Part, frozen=True):
    """An action of the application in a channel."""

    action: Action
    channel: Reference
    messages: list[Reference]
    description: str = ""


class Message(Part, frozen=True):
    """A kind of message."""

    name: str
    content_type: str
    summary: str = ""
    payload: Schema = {}


class Components(Part, frozen=True):
    """The parts that other parts refer to."""

    messages: dict[str, Message] = {}
    schemas: dict[str, Schema] = {}


class Document(Part, frozen=True, kw_only=True):
    """The whole document."""

    asyncapi: Literal["3.0.0"]
    info: Info
    servers: dict[str, Server] = {}
    channels: dict[str, Channel]
    operations: dict[str, Operation]
    components: Components
