"""The path of a route: `/chat/{room}`."""

import re
from typing import NamedTuple

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Segment(NamedTuple):
    """The text between two slashes."""

    text: str
    """The text itself, or the name of the parameter."""
    is_parameter: bool


def segments(path: str) -> tuple[Segment, ...]:
    """Split the path of a route into segments.

    Raises:
        ValueError: the path doesn't start with a slash, has malformed braces, or names a
            parameter twice.
    """
    if not path.startswith("/"):
        raise ValueError(f"route {path!r} must start with a slash")
    found: list[Segment] = []
    for text in path[1:].split("/"):
        if parameter := _PARAMETER.fullmatch(text):
            found.append(Segment(parameter[1], True))
        elif "{" in text or "}" in text:
            raise ValueError(f"segment {text!r} of route {path!r} must be text or one {{name}}")
        else:
            found.append(Segment(text, False))
    names = [segment.text for segment in found if segment.is_parameter]
    if len(set(names)) < len(names):
        raise ValueError(f"route {path!r} names a parameter twice")
    return tuple(found)
