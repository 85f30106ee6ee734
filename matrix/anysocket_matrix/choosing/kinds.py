"""What a value is, as its annotation says: at run time, or in the source."""

import ast
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, ClassVar, Final, ForwardRef, Literal, Optional, Union, get_args, get_origin

from anysocket import Connection, ConnectionClosed, WebSocket, WebSocketRequest
from anysocket_matrix.choosing.values import UNKNOWN, value

SOCKETS: Final = tuple[object, ...]((WebSocket, Connection))
TOLD: Final = (WebSocketRequest, *SOCKETS, ConnectionClosed)
"""The types of which a use counts."""

UNIONS: Final = tuple[object, ...]((Union, UnionType, Optional))
WRAPPERS: Final = tuple[object, ...]((Annotated, ClassVar, Final))
"""What says more about the type that it has first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type, with its arguments."""

    of: object
    """The class; `UNKNOWN` where nothing tells."""
    given: tuple[object, ...] = ()
    """Its arguments, as annotations: read when they are asked for, since a type may contain itself."""
    names: Mapping[str, object] = field(default_factory=dict[str, object])
    """What the names in these stand for."""

    def argument(self, position: int) -> "Kind":
        """Give one of its arguments."""
        return annotated(self.given[position], self.names) if position < len(self.given) else ANY

    def item(self, position: object = UNKNOWN) -> "Kind":
        """Give what `[...]` gives, at that position where it is known."""
        if self.within(tuple) and isinstance(position, int) and position >= 0:
            return self.argument(0 if self.argument(1).of is Ellipsis else position)
        return self.argument(1) if self.within(Mapping) else self.iterated()

    def iterated(self) -> "Kind":
        """Give what a loop over it gives."""
        return self.argument(0) if self.within(Iterable, AsyncIterable) else ANY

    def within(self, *kinds: type) -> bool:
        """Tell whether it is one of these, or of a class below."""
        return isinstance(self.of, type) and issubclass(self.of, kinds)


ANY: Final = Kind(UNKNOWN)
"""What nothing tells."""


def annotated(annotation: object, names: Mapping[str, object]) -> Kind:
    """Read an annotation: an object, its text, or its place in the source.

    Args:
        annotation: or what it has been read to already.
        names: what the names in the text stand for.
    """
    match annotation:
        case Kind():
            return annotation
        case str(text) | ForwardRef(__forward_arg__=str(text)):
            try:
                return annotated(ast.parse(text, mode="eval").body, names)
            except SyntaxError:
                return ANY
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _subscripted(Union, (left, right), names)
        case ast.Subscript(value=of, slice=ast.Tuple(elts=given)):
            return _subscripted(value(of, names), tuple(given), names)
        case ast.Subscript(value=of, slice=given):
            return _subscripted(value(of, names), (given,), names)
        case ast.Constant(value=given):
            return annotated(given, names)
        case ast.expr():
            return annotated(value(annotation, names), names)
        case _:
            origin = get_origin(annotation)
            return Kind(annotation) if origin is None else _subscripted(origin, get_args(annotation), names)


def _subscripted(origin: object, given: tuple[object, ...], names: Mapping[str, object]) -> Kind:
    if origin in UNIONS:
        return one_of(annotated(each, names) for each in given)
    if origin in WRAPPERS:
        return annotated(given[0], names)
    return Kind(get_origin(origin) or origin, () if origin is Literal else given, names)


def one_of(kinds: Iterable[Kind]) -> Kind:
    """Give the kind of a value that may be any of these: a socket, if that is one of them."""
    there = [kind for kind in kinds if kind.of not in (None, type(None))]
    return next((kind for kind in there if kind.of in TOLD), there[0] if there else ANY)
