"""Messages that are validated against a type: JSON and MessagePack, both by msgspec.

msgspec is an extra, `pip install 'anysocket[msgspec]'`. The first route that needs it imports it.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from anysocket.close import CloseCode
from anysocket.errors import BadMessage
from anysocket.messages.codec import Decode, Encode
from anysocket.messages.types import annotated_members, named, union

if TYPE_CHECKING:
    JsonValue: TypeAlias = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None
else:
    JsonValue = Any  # to msgspec this means any JSON value, also inside another type
"""Any value of JSON, for messages without a type of their own."""


class Json:
    """JSON (RFC 8259), in text frames by default.

    A message in the other kind of frame closes with 1003. A message that isn't JSON, or isn't of
    the handler's type, closes with 1007 and the mistake as the reason.

    Args:
        binary: use binary frames.
    """

    def __init__(self, *, binary: bool = False) -> None:
        self.binary: bool = binary

    def decoder(self, of: object) -> Decode:
        _check(of)
        from msgspec.json import Decoder

        kind = bytes if self.binary else str
        return _decoder(Decoder(_type(of)).decode, kind, f"JSON in {_FRAMES[kind]} frames only")

    def encoder(self, of: object) -> Encode:
        _check(of, also=(object,))
        from msgspec.json import Encoder

        encode = Encoder().encode
        if self.binary:
            return encode
        return lambda value: encode(value).decode()

    def media_type(self, of: object) -> str:
        return "application/json"


class MessagePack:
    """MessagePack, in binary frames.

    A text message closes with 1003. A message that isn't MessagePack, or isn't of the handler's
    type, closes with 1007 and the mistake as the reason.
    """

    def decoder(self, of: object) -> Decode:
        _check(of)
        from msgspec.msgpack import Decoder

        # The decoder takes only bytes, and is passed nothing else.
        decode = cast("Callable[[str | bytes], object]", Decoder(_type(of)).decode)
        return _decoder(decode, bytes, "MessagePack in binary frames only")

    def encoder(self, of: object) -> Encode:
        _check(of, also=(object,))
        from msgspec.msgpack import Encoder

        return Encoder().encode

    def media_type(self, of: object) -> str:
        return "application/msgpack"


_FRAMES = {str: "text", bytes: "binary"}


def _decoder(decode: Callable[[str | bytes], object], kind: type[str | bytes], otherwise: str) -> Decode:
    from msgspec import DecodeError

    def decoded(message: str | bytes) -> object:
        if not isinstance(message, kind):
            raise BadMessage(message, CloseCode.UNSUPPORTED_DATA, otherwise)
        try:
            return decode(message)
        # RecursionError: nested too deeply. TypeError: an element that a set can't have.
        except (DecodeError, UnicodeError, RecursionError, TypeError) as error:
            raise BadMessage(message, CloseCode.INVALID_PAYLOAD_DATA, str(error)) from None

    return decoded


def _type(of: object) -> type[object]:
    # Without aliases, as msgspec doesn't know all of them. A union is no type for type checkers.
    return cast("type[object]", union(annotated_members(of)))


def _check(of: object, *, also: tuple[type, ...] = ()) -> None:
    """Check a type now: msgspec would report it only with the first message.

    Args:
        of: the type.
        also: classes that the type may contain, although msgspec can't validate them.

    Raises:
        TypeError: msgspec is missing, or doesn't support the type.
    """
    if find_spec("msgspec") is None:
        raise TypeError(f"messages of type {named(of)} need msgspec: pip install 'anysocket[msgspec]'")
    from msgspec import inspect

    for node in _nodes(inspect.type_info(_type(of)), set()):
        if isinstance(node, inspect.CustomType) and node.cls not in also:
            raise TypeError(
                f"{named(node.cls)} can't be a message, or a part of one: use what msgspec supports, "
                "such as a msgspec.Struct, a dataclass or a TypedDict"
            )


def _nodes(node: object, seen: set[int]) -> Iterator[object]:
    """Give a type and all types inside it."""
    if id(node) in seen:
        return
    seen.add(id(node))
    yield node
    match node:
        case type():
            return
        case list() | tuple():
            parts = cast("Iterable[object]", node)  # pyright doesn't know of what
        case _:
            parts = [getattr(node, name) for name in getattr(node, "__struct_fields__", ())]
    for part in parts:
        yield from _nodes(part, seen)
