"""Looking into the types of a handler's annotations."""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Union, cast, get_args, get_origin

_UNION = cast("Mapping[tuple[object, ...], object]", Union)
"""Checkers don't know types that are made at run time."""


def members(of: object) -> tuple[object, ...]:
    """Give the members of a union, and any other type as its only member."""
    of = resolved(of)
    if get_origin(of) in (Union, UnionType):
        return tuple(member for each in get_args(of) for member in members(each))
    return (of,)


def written(of: object) -> tuple[object, ...]:
    """Give the members of a union as they are written: with their annotations.

    A union that is annotated as a whole is one member.
    """
    of = _unaliased(of)
    if get_origin(of) in (Union, UnionType):
        return tuple(member for each in get_args(of) for member in written(each))
    return (of,)


def resolved(of: object) -> object:
    """Give what an alias or an annotated type stands for: `type Said = str` (PEP 695)."""
    of = _unaliased(of)
    while get_origin(of) is Annotated:
        of = _unaliased(get_args(of)[0])
    return of


def _unaliased(of: object) -> object:
    while type(of).__name__ == "TypeAliasType":  # of typing from 3.12, or of typing_extensions
        of = getattr(of, "__value__", None)
    return of


def union(of: tuple[object, ...]) -> object:
    """Make a union of its members."""
    return _UNION[of]


def named(of: object) -> str:
    """Give a type as it is written."""
    return of.__qualname__ if isinstance(of, type) else str(of).removeprefix("typing.")
