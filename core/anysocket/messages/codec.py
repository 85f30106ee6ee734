"""The seam between a handler's types and what goes over the wire."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

Decode: TypeAlias = Callable[[str | bytes], object]
Encode: TypeAlias = Callable[[object], str | bytes]


class Codec(Protocol):
    """A format for messages, such as `Json`. It is asked once per route, with the handler's types.

    A type is given as the annotation has it: a class, a union, an alias.
    """

    def decoder(self, of: object, /) -> Decode:
        """Make the function that turns a message into a value of a type, or raises `BadMessage`.

        Raises:
            TypeError: this format has no such values.
        """
        ...

    def encoder(self, of: object, /) -> Encode:
        """Make the function that turns a value of a type into a message.

        Raises:
            TypeError: this format has no such values.
        """
        ...

    def media_type(self, of: object, /) -> str:
        """Tell what a message with such a value is, such as `application/json` (RFC 6838)."""
        ...
