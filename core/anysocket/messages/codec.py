"""The interface between a handler's types and the messages that are sent."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

Decode: TypeAlias = Callable[[str | bytes], object]
Encode: TypeAlias = Callable[[object], str | bytes]


class Codec(Protocol):
    """A format for messages, such as `Json`. A route calls it once, with the types of its handler.

    A type is passed as in the annotation: a class, a union or an alias.
    """

    def decoder(self, of: object, /) -> Decode:
        """Return a function that turns a message into a value of a type, or raises `BadMessage`.

        Raises:
            TypeError: the format can't express this type.
        """
        ...

    def encoder(self, of: object, /) -> Encode:
        """Return a function that turns a value of a type into a message.

        Raises:
            TypeError: the format can't express this type.
        """
        ...

    def media_type(self, of: object, /) -> str:
        """Return the media type of such a message, for example `application/json` (RFC 6838)."""
        ...


def nested_too_deeply(message: object) -> ValueError:
    """Give the error for a message whose encoding ended with a RecursionError."""
    return ValueError(
        f"a {type(message).__name__} that contains itself, or is nested too deeply, can't be sent"
    )
