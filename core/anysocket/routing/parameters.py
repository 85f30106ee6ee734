"""The parameters of path and query: from text to the handler's types, and back."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from math import isfinite
from types import MappingProxyType, NoneType
from typing import Literal, cast, get_args, get_origin
from uuid import UUID

from anysocket.messages.types import members, named, resolved


@dataclass(frozen=True, slots=True)
class Converter:
    """Converts the text of a parameter to its value, and back."""

    wants: str
    """The expected text in words, such as "an integer"."""
    parse: Callable[[str], object]
    """It raises ValueError for any other text."""
    schema: Mapping[str, str]
    """The type and the format in JSON Schema."""
    format: Callable[[object], str] = str
    choices: tuple[str, ...] = ()
    """All possible texts, if they can be listed."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the handler's annotation describes it."""

    converter: Converter
    is_list: bool = False
    is_optional: bool = False


def parameter(annotation: object) -> Parameter:
    """Read an annotation.

    Raises:
        TypeError: a parameter can't have this type. The message says which types it can have.
    """
    kinds = members(annotation)
    some = tuple(kind for kind in kinds if kind is not NoneType)
    if len(some) != 1:
        raise TypeError(unconvertible(named(annotation)))
    kind = resolved(some[0])
    is_list = get_origin(kind) is list
    if is_list:
        (kind,) = get_args(kind)
    return Parameter(_converter(kind), is_list, len(some) < len(kinds))


def _converter(kind: object) -> Converter:
    kind = resolved(kind)
    if simple := SIMPLE.get(kind):
        return simple
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _one_of(tuple(kind))
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind))
    # pyright narrows object to an unknown type here.
    raise TypeError(unconvertible(named(kind)))  # pyright: ignore[reportUnknownArgumentType]


def unconvertible(kind: str) -> str:
    """Say which types a parameter can have, instead of this one."""
    return (
        f"{kind} can't be a parameter: use {', '.join(map(named, SIMPLE))}, an Enum, a Literal, "
        "one of them | None, or in the query a list of them"
    )


def _one_of(choices: Sequence[object]) -> Converter:
    values = {_text(choice): choice for choice in choices}
    if len(values) < len(choices):
        raise TypeError(f"{', '.join(map(repr, choices))} have the same text")

    def parse(text: str) -> object:
        if text not in values:
            raise ValueError(text)
        return values[text]

    return Converter("one of " + ", ".join(values), parse, {"type": "string"}, _text, tuple(values))


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return _text(value.value)
    return SIMPLE[bool].format(value) if isinstance(value, bool) else str(value)


def _int(text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]+", text) is None:  # int() also accepts other digits, spaces and underscores
        raise ValueError(text)
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not isfinite(value) or re.fullmatch(r"[0-9eE.+-]+", text) is None:  # as for int()
        raise ValueError(text)
    return value


def _uuid(text: str) -> UUID:
    if re.fullmatch(r"[0-9a-fA-F-]+", text) is None:  # as for int()
        raise ValueError(text)
    return UUID(text)


def _bool(text: str) -> bool:
    match text.lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
        case _:
            raise ValueError(text)


def _iso(value: object) -> str:
    # A datetime is a date too. `Route.url` handles other values, which have no such method.
    return cast("date", value).isoformat()


SIMPLE: Mapping[object, Converter] = MappingProxyType(
    {
        str: Converter("text", str, {"type": "string"}),
        int: Converter("an integer", _int, {"type": "integer"}),
        float: Converter("a number", _float, {"type": "number"}),
        bool: Converter("true or false", _bool, {"type": "boolean"}, lambda value: str(value).lower()),
        UUID: Converter("a UUID", _uuid, {"type": "string", "format": "uuid"}),
        date: Converter(
            "a date such as 2026-01-31", date.fromisoformat, {"type": "string", "format": "date"}, _iso
        ),
        datetime: Converter(
            "a date and time such as 2026-01-31T12:00:00Z",
            datetime.fromisoformat,
            {"type": "string", "format": "date-time"},
            _iso,
        ),
    }
)
"""The converters that depend on the type alone (RFC 9562 for UUID, RFC 3339 for times)."""
