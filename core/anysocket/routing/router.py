"""Finds the route of a path. The cost depends on the segments of the path, not on the number of routes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from anysocket.routing.template import Segment

Target = TypeVar("Target")


@dataclass(slots=True)
class _Node(Generic[Target]):
    """The segments that can follow some others."""

    literals: "dict[str, _Node[Target]]" = field(default_factory=dict[str, "_Node[Target]"])
    parameter: "_Node[Target] | None" = None
    target: Target | None = None


class Router(Generic[Target]):
    """A tree of path segments. A literal segment wins over a parameter."""

    def __init__(self) -> None:
        self._root = _Node[Target]()
        self._literal: dict[str, Target] = {}
        """The targets of paths without parameters. They win over all others."""
        self._last: dict[str, Target] = {}
        """The targets of paths whose only parameter is the last segment, by the part before it."""

    def add(self, segments: Sequence[Segment], target: Target) -> None:
        """Add a path with its target.

        Raises:
            ValueError: the path has a target already.
        """
        node = self._root
        for segment in segments:
            if segment.is_parameter:
                node.parameter = node.parameter or _Node[Target]()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment.text, _Node[Target]())
        if node.target is not None:
            path = "".join(f"/{{{text}}}" if is_parameter else f"/{text}" for text, is_parameter in segments)
            raise ValueError(f"route {path!r} has a handler already")
        node.target = target
        literals = [segment.text for segment in segments if not segment.is_parameter]
        before = "".join(f"/{text}" for text in literals)
        if len(literals) == len(segments):
            self._literal[before] = target
        elif len(literals) == len(segments) - 1 and segments[-1].is_parameter:
            self._last[before] = target

    def match(self, path: str) -> tuple[Target, tuple[str, ...]] | None:
        """Find the target of a decoded path, with the values of its parameters, none of them empty."""
        literal = self._literal.get(path)
        if literal is not None:
            return literal, ()
        before, slash, value = path.rpartition("/")
        last = self._last.get(before)
        if last is not None and slash and value:
            return last, (value,)
        segments = path.split("/")
        if segments[0]:
            return None  # it doesn't start with a slash
        values: list[str] = []
        node = self._find(self._root, segments, 1, values)
        if node is None or node.target is None:
            return None
        return node.target, tuple(values)

    def _find(
        self, node: _Node[Target], segments: list[str], depth: int, values: list[str]
    ) -> _Node[Target] | None:
        for place in range(depth, len(segments)):
            segment = segments[place]
            literal = node.literals.get(segment)
            if literal is not None:
                if node.parameter is None or not segment:
                    node = literal
                    continue
                before = len(values)  # both may have the target
                found = self._find(literal, segments, place + 1, values)
                if found is not None:
                    return found
                del values[before:]
            if node.parameter is None or not segment:
                return None
            values.append(segment)
            node = node.parameter
        return node if node.target is not None else None
