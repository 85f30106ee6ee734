"""Which handler a path leads to. A lookup costs what its segments cost, however many routes there are."""

import inspect
import re
from dataclasses import dataclass, field

from anysocket.handler import Handler

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(slots=True)
class _Node:
    """What can follow after some segments of a path."""

    literals: dict[str, "_Node"] = field(default_factory=dict[str, "_Node"])
    parameter: "_Node | None" = None
    handler: Handler | None = None
    names: tuple[str, ...] = ()
    """The names of the parameters on the way to this handler."""


class Router:
    """A tree of path segments. A literal segment wins over a parameter."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, path: str, handler: Handler) -> None:
        """Lead a path to a handler.

        Raises:
            ValueError: the path doesn't start with a slash, has malformed braces, names a
                parameter twice, or leads to a handler already.
            TypeError: the handler isn't async.
        """
        if not path.startswith("/"):
            raise ValueError(f"route {path!r} must start with a slash")
        if not inspect.iscoroutinefunction(handler) and not inspect.iscoroutinefunction(
            getattr(handler, "__call__", None)  # noqa: B004 - an object with an async __call__
        ):
            raise TypeError(f"the handler of route {path!r} must be async: write `async def`")
        node, names = self._root, list[str]()
        for segment in path[1:].split("/"):
            if parameter := _PARAMETER.fullmatch(segment):
                names.append(parameter[1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            elif "{" in segment or "}" in segment:
                raise ValueError(f"segment {segment!r} of route {path!r} must be text or one {{name}}")
            else:
                node = node.literals.setdefault(segment, _Node())
        if len(set(names)) < len(names):
            raise ValueError(f"route {path!r} names a parameter twice")
        if node.handler is not None:
            raise ValueError(f"route {path!r} leads to a handler already")
        node.handler, node.names = handler, tuple(names)

    def match(self, path: str) -> tuple[Handler, dict[str, str]] | None:
        """Find the handler of a decoded path, with the values of its parameters, none of them empty."""
        if not path.startswith("/"):
            return None
        segments = path[1:].split("/")
        values: list[str] = []
        node = self._find(self._root, segments, 0, values)
        if node is None or node.handler is None:
            return None
        return node.handler, dict(zip(node.names, values, strict=True))

    def _find(self, node: _Node, segments: list[str], depth: int, values: list[str]) -> _Node | None:
        if depth == len(segments):
            return node if node.handler is not None else None
        segment = segments[depth]
        if (literal := node.literals.get(segment)) is not None:
            found = self._find(literal, segments, depth + 1, values)
            if found is not None:
                return found
        if segment and node.parameter is not None:
            values.append(segment)
            found = self._find(node.parameter, segments, depth + 1, values)
            if found is not None:
                return found
            values.pop()
        return None
