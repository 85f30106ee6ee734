"""Reading the types in a handler's annotations."""

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Union, cast, get_args, get_origin

_UNION = cast("Mapping[tuple[object, ...], object]", Union)
"""Type checkers don't know unions that are made at run time: hence the cast."""


def members(of: object) -> tuple[object, ...]:
    """Give the members of a union; any other type is its own only member."""
    return _members(of, resolved)


def annotated_members(of: object) -> tuple[object, ...]:
    """Give the members of a union with their `Annotated` metadata, which may limit their values."""
    return _members(of, unaliased)


def _members(of: object, look: Callable[[object], object]) -> tuple[object, ...]:
    of = look(of)
    if get_origin(of) in (Union, UnionType):
        return tuple(member for each in get_args(of) for member in _members(each, look))
    return (of,)


def resolved(of: object) -> object:
    """Give the type behind an alias or an `Annotated`."""
    while get_origin(of := unaliased(of)) is Annotated:
        of = get_args(of)[0]
    return of


def unaliased(of: object) -> object:
    """Give the type behind an alias such as `type Said = str` (PEP 695)."""
    while type(of).__name__ == "TypeAliasType":  # of typing from 3.12, or of typing_extensions
        of = getattr(of, "__value__", None)
    return of


def union(of: tuple[object, ...]) -> object:
    """Make a union of some types."""
    return _UNION[of]


def named(of: object) -> str:
    """Give a type as it is written in code."""
    return of.__qualname__ if isinstance(of, type) else str(of).removeprefix("typing.")
