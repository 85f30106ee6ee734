"""The kinds of messages of a handler, from the types of its socket."""

import re
from typing import Annotated, NamedTuple, Never, get_args, get_origin

from msgspec import Meta, Raw

from anysocket.connection import Connection
from anysocket.messages.codec import Codec
from anysocket.messages.plain import Plain
from anysocket.messages.structured import Json
from anysocket.messages.types import annotated_members, resolved
from anysocket.routing.signature import Signature
from anysocket.routing.sockets import codec_for, without_bad_messages

_MODULES = re.compile(r"(\w+\.|<locals>\.)+")

_BYTES: object = Annotated[Raw, Meta(extra_json_schema={"type": "string", "format": "binary"})]
"""Bytes in a binary frame. In JSON they would be base64."""


class Kind(NamedTuple):
    """One kind of message: a member of the union that a handler receives or sends."""

    name: str
    """Its name, if no other kind has the same."""
    of: object
    content_type: str
    summary: str = ""


def received_and_sent(signature: Signature, codec: Codec | None) -> tuple[list[Kind], list[Kind]]:
    """Give the kinds of messages that a handler receives, and the kinds that it sends."""
    received, sent = (str | bytes,) * 2 if is_untyped(signature) else get_args(signature.kind)
    return _kinds(without_bad_messages(received), codec), _kinds(sent, codec)


def is_untyped(signature: Signature) -> bool:
    """Whether a handler's socket has no types for its messages, as all but a `Connection`."""
    return get_origin(signature.kind) is not Connection


def _kinds(of: object, codec: Codec | None) -> list[Kind]:
    codec = codec_for(of, codec)
    return [_kind(member, codec) for member in annotated_members(of) if member is not Never]


def _kind(of: object, codec: Codec) -> Kind:
    content_type = codec.media_type(of)
    if not isinstance(codec, Plain):
        in_binary = isinstance(codec, Json) and codec.binary
        return Kind(_name(of), of, content_type, "In binary frames." if in_binary else "")
    return Kind("binary", _BYTES, content_type) if resolved(of) is bytes else Kind("text", of, content_type)


def _name(of: object) -> str:
    of = resolved(of)
    return as_name(of.__name__ if isinstance(of, type) else _MODULES.sub("", str(of))) or "message"


def as_name(text: str) -> str:
    """Keep the characters that a name in a document can have."""
    return re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
