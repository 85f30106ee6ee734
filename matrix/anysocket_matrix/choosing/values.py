"""What an expression stands for: a constant or something global, found without running any code."""

import ast
import inspect
from collections.abc import Mapping
from enum import Enum
from typing import Final

UNKNOWN: Final = object()
"""What only running the application would tell."""


def value(node: ast.expr, names: Mapping[str, object]) -> object:
    """Give what an expression stands for, `UNKNOWN` unless it is a constant or something global."""
    match node:
        case ast.Constant(value=constant):
            return constant
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.Attribute(value=of, attr=name):
            return _attribute(value(of, names), name)
        case _:
            return UNKNOWN


def _attribute(of: object, name: str) -> object:
    found: object = inspect.getattr_static(of, name, UNKNOWN)
    if isinstance(of, type) and issubclass(of, Enum):
        return of.__members__.get(name, found)
    return found
