"""The fields of the events that an ASGI application sends, checked."""

from collections.abc import Iterable
from typing import TypeVar, cast

from anysocket.asgi import ASGIEvent
from anysocket.errors import ConnectionClosed

Field = TypeVar("Field")


class Disconnected(ConnectionClosed, OSError):
    """The peer has left. ASGI asks `send` to raise a subclass of OSError then (version 2.4)."""


def optional(event: ASGIEvent, key: str, kind: type[Field]) -> Field | None:
    """Give a field, or None where it is missing.

    Raises:
        TypeError: it has another type.
    """
    value = event.get(key)
    if value is None or (isinstance(value, kind) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{event['type']}: {key} must be {kind.__name__} or None, not {type(value).__name__}")


def header_lines(event: ASGIEvent) -> list[tuple[bytes, bytes]]:
    """Give the field `headers`.

    Raises:
        TypeError: it has something else than pairs of bytes.
    """
    lines: list[tuple[bytes, bytes]] = []
    for pair in cast("Iterable[object]", event.get("headers") or ()):
        match pair:
            case (bytes(name), bytes(value)):
                lines.append((name, value))
            case _:
                raise TypeError(f"{event['type']}: headers are pairs of bytes, not {pair!r}")
    return lines


def response_status(event: ASGIEvent, lowest: int) -> int:
    """Give the status of a denial response.

    Raises:
        TypeError: it is missing, or isn't an integer.
        ValueError: it doesn't refuse a connection.
    """
    status = optional(event, "status", int)
    if status is None:
        raise TypeError("websocket.http.response.start needs a status")
    if not lowest <= status <= 599:
        raise ValueError(f"status {status} doesn't refuse a connection: use {lowest}-599")
    return status
