"""How a wsproto connection ends: what anycorn knows of it, and doesn't say."""

from collections.abc import Callable, Generator

from wsproto.connection import Connection
from wsproto.events import CloseConnection, Event

from anysocket import Close


def watch(connection: Connection, ends: Callable[[Close], None]) -> None:
    """Tell of the peer's close, with its reason."""
    events = connection.events

    def watched() -> Generator[Event, None, None]:
        for event in events():
            if isinstance(event, CloseConnection):
                ends(Close(event.code, event.reason or ""))
            yield event

    connection.events = watched  # type: ignore[method-assign]  # of this connection only
