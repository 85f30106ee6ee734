"""Which route a path leads to. A lookup costs what its segments cost, however many routes there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from anysocket.routing.template import Segment

Target = TypeVar("Target")


@dataclass(slots=True)
class _Node(Generic[Target]):
    """What can follow after some segments of a path."""

    literals: "dict[str, _Node[Target]]" = field(default_factory=dict[str, "_Node[Target]"])
    parameter: "_Node[Target] | None" = None
    target: Target | None = None
    names: tuple[str, ...] = ()
    """The names of the parameters on the way to this target."""


class Router(Generic[Target]):
    """A tree of path segments. A literal segment wins over a parameter."""

    def __init__(self) -> None:
        self._root = _Node[Target]()

    def add(self, segments: Sequence[Segment], target: Target) -> None:
        """Lead a path to a target.

        Raises:
            ValueError: it leads to one already.
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
            raise ValueError(f"route {path!r} leads to a handler already")
        node.target = target
        node.names = tuple(segment.text for segment in segments if segment.is_parameter)

    def match(self, path: str) -> tuple[Target, dict[str, str]] | None:
        """Find the target of a decoded path, with the values of its parameters, none of them empty."""
        if not path.startswith("/"):
            return None
        segments = path[1:].split("/")
        values: list[str] = []
        node = self._find(self._root, segments, 0, values)
        if node is None or node.target is None:
            return None
        return node.target, dict(zip(node.names, values, strict=True))

    def _find(
        self, node: _Node[Target], segments: list[str], depth: int, values: list[str]
    ) -> _Node[Target] | None:
        if depth == len(segments):
            return node if node.target is not None else None
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
