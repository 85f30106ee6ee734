"""How a wsproto connection ends: what anycorn knows of it, and doesn't say."""

from collections.abc import Callable, Generator

from wsproto.connection import Connection, ConnectionState
from wsproto.events import CloseConnection, Event

from anysocket import Close


def watch(connection: Connection, ends: Callable[[Close], None]) -> None:
    """Tell of the peer's close, with its reason, and have a breach of the protocol answered."""
    events = connection.events

    def watched() -> Generator[Event, None, None]:
        for event in events():
            if isinstance(event, CloseConnection):
                ends(Close(event.code, event.reason or ""))
                if connection.state is ConnectionState.OPEN:
                    # wsproto says so that the peer broke the protocol. anycorn answers only in
                    # this state, and RFC 6455 section 7.1.7 asks for an answer.
                    connection._state = ConnectionState.REMOTE_CLOSING  # pyright: ignore[reportPrivateUsage]
            yield event

    connection.events = watched  # type: ignore[method-assign]  # of this connection only
