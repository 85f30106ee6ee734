"""The socket of a handler, its first parameter: its possible types, and how each is made."""

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
    """Return the function that makes a handler's socket from a request.

    Args:
        kind: the annotation.
        codec: the format of a `Connection`'s messages; None chooses one by their types.
        expected_codes: the close codes that are no error in `Connection.__aexit__`.

    Raises:
        TypeError: the kind is no socket, or the codec doesn't have its messages.
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
    return Connection(request, decode, encode, expected_codes)  # with types it costs 17,000 instructions


def codec_for(of: object, codec: Codec | None) -> Codec:
    """Give the codec of the route, or by type: `Plain` for str and bytes, `Json` for the rest."""
    if codec is not None and of is not Never:
        return codec
    return Plain() if TYPES.issuperset(members(of)) else Json()


def without_bad_messages(receive: object) -> object:
    """Give the types that a peer sends: the types that a handler receives, without `BadMessage`."""
    if BadMessage not in members(receive):
        return receive
    kept: list[object] = []
    for member in annotated_members(receive):
        # An annotated union with BadMessage in it is split, and loses its annotation.
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
