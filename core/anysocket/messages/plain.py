"""Messages without a format: text is str, binary is bytes (contract M1)."""

from typing import Never, cast

from anysocket.close import CloseCode
from anysocket.errors import BadMessage
from anysocket.messages.codec import Decode, Encode
from anysocket.messages.types import members

TYPES: frozenset[object] = frozenset({str, bytes, Never})


class Plain:
    """A codec for str, bytes, both or none. A message of another kind closes with 1003."""

    def decoder(self, of: object) -> Decode:
        match members(of):
            case (one,) if one is str:
                return _text
            case (one,) if one is bytes:
                return _binary
            case (one,) if one is Never:
                return _none
            case _:
                return _as_it_is

    def encoder(self, of: object) -> Encode:
        # The session's send refuses every other type.
        return cast("Encode", _as_it_is)

    def media_type(self, of: object) -> str:
        return "text/plain" if str in members(of) else "application/octet-stream"


def _text(message: str | bytes) -> str:
    if isinstance(message, str):
        return message
    raise BadMessage(message, CloseCode.UNSUPPORTED_DATA, "text only")


def _binary(message: str | bytes) -> bytes:
    if isinstance(message, bytes):
        return message
    raise BadMessage(message, CloseCode.UNSUPPORTED_DATA, "binary only")


def _none(message: str | bytes) -> Never:
    raise BadMessage(message, CloseCode.UNSUPPORTED_DATA, "no messages are received here")


def _as_it_is(message: str | bytes) -> str | bytes:
    return message
