"""The events of a stream that its application has yet to receive, in place of hypercorn's queue.

In hypercorn's queue the end of the connection waits for room like any message, though the task
that puts it there may be the application's own.
"""

from typing import cast

import anyio

from anysocket.asgi import ASGIEvent, WebSocketEvent


class Inbox:
    """Messages wait here for the application, and reading waits for room; the end never waits."""

    __slots__ = ("_arrival", "_ended", "_events", "_room", "_size", "closing", "over")

    def __init__(self, size: int) -> None:
        """Make an inbox with room for so many messages, and one more."""
        self._size = size
        self._events = list[WebSocketEvent]()
        self._arrival: anyio.Event | None = None
        self._room: anyio.Event | None = None
        self._ended = False
        self.closing: bool = False
        """Whether the application closes, and no message is wanted any more."""
        self.over: anyio.Event = anyio.Event()
        """Set once hypercorn has ended the stream."""

    async def put(self, event: ASGIEvent) -> None:
        """Take an event from hypercorn, and wait while too many messages are unread."""
        if event["type"] == "websocket.disconnect":
            self.over.set()
            self.end()
        elif not self.closing and not self._ended:
            self._events.append(cast("WebSocketEvent", event))  # the specification's, without a check
            if self._arrival is not None:
                self._arrival.set()
            if len(self._events) > self._size:
                await self._suspend()

    async def receive(self) -> WebSocketEvent:
        """Wait for the next event. A cancelled call loses nothing."""
        while not self._events:
            self._arrival = anyio.Event()
            await self._arrival.wait()
        event = self._events.pop(0)
        if self._room is not None and len(self._events) <= self._size:
            self._resume()
        return event

    def end(self) -> None:
        """Put the end behind the messages that are there."""
        if not self._ended:
            self._ended = True
            self._events.append({"type": "websocket.disconnect"})
            if self._arrival is not None:
                self._arrival.set()
            self._resume()

    def close(self) -> None:
        """Drop the messages, also those to come: the application closes."""
        self.closing = True
        self._events.clear()
        self._resume()

    async def _suspend(self) -> None:
        """Stop reading: over HTTP/1.1 this is the task that reads the connection."""
        self._room = anyio.Event()
        await self._room.wait()

    def _resume(self) -> None:
        """Read again."""
        if self._room is not None:
            self._room.set()
            self._room = None
