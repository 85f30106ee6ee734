"""What a handler's first parameter can be, and how each is made from a request."""

from collections.abc import Callable, Container
from functools import partial
from typing import Any, Never, TypeAlias, TypeVar, get_args, get_origin

from anysocket.connection import Connection
from anysocket.errors import BadMessage
from anysocket.messages.codec import Codec, Decode, Encode
from anysocket.messages.plain import TYPES, Plain
from anysocket.messages.structured import Json
from anysocket.messages.types import annotated_members, members, named, union
from anysocket.request import WebSocketRequest
from anysocket.session.websocket import WebSocket

Socket = TypeVar("Socket", bound="WebSocketRequest | WebSocket | Connection[object, Never]")

Make: TypeAlias = Callable[[WebSocketRequest], object]


def maker(kind: object, codec: Codec | None, expected_codes: Container[int]) -> Make:
    """Make the function that makes a handler's socket of a kind.

    Args:
        kind: the annotation.
        codec: what the messages of a `Connection` go through; without one, what fits their types.
        expected_codes: the close codes of which `Connection.__aexit__` makes no error.

    Raises:
        TypeError: there is no such kind, or the codec has no such messages.
    """
    if codec is not None and get_origin(kind) is not Connection:
        raise TypeError(f"a codec is for a Connection, not for {named(kind)}")
    if kind is WebSocketRequest:
        return lambda request: request
    if kind is WebSocket:
        return lambda request: request.web_socket
    if get_origin(kind) is not Connection:
        raise TypeError(
            f"{named(kind)} is no socket: use Connection[Receive, Send], WebSocketRequest or WebSocket"
        )
    receive, send = get_args(kind)
    return partial(
        _connection, _decoder(receive, codec), codec_for(send, codec).encoder(send), expected_codes
    )


def _connection(
    decode: Decode, encode: Encode, expected_codes: Container[int], request: WebSocketRequest
) -> Connection[Any, Any]:
    return Connection(request, decode, encode, expected_codes)  # types here would cost 17,000 instructions


def codec_for(of: object, codec: Codec | None) -> Codec:
    """Give the route's codec, or what fits a type: text and binary as they are, JSON for the rest."""
    if codec is not None and of is not Never:
        return codec
    return Plain() if TYPES.issuperset(members(of)) else Json()


def without_bad_messages(receive: object) -> object:
    """Give what a peer is to send: all that a handler receives, but for `BadMessage`."""
    if BadMessage not in members(receive):
        return receive
    kept: list[object] = []
    for member in annotated_members(receive):
        # An annotated union with BadMessage in it is taken apart, and loses its annotation.
        kept += members(member) if BadMessage in members(member) else (member,)
    return union(tuple(each for each in kept if each is not BadMessage))


def _decoder(receive: object, codec: Codec | None) -> Decode:
    messages = without_bad_messages(receive)
    decode = codec_for(messages, codec).decoder(messages)
    if messages is receive:
        return decode

    def handed(message: str | bytes) -> object:
        try:
            return decode(message)
        except BadMessage as bad:
            return bad

    return handed
