"""The events of a stream that its application has yet to receive, in place of hypercorn's queue.

In hypercorn's queue the end of the connection waits for room like any message, though the task
that puts it there may be the application's own.
"""

import asyncio
from collections import deque
from typing import cast

import anyio

from anysocket.asgi import ASGIEvent, WebSocketEvent
from anysocket_adapters.lazy_event import LazyEvent, new_event


class Inbox:
    """Messages wait here for the application, and reading waits for room; the end never waits."""

    def __init__(self, size: int) -> None:
        """Make an inbox that is full with so many messages."""
        self._size = size
        self._events = deque[WebSocketEvent]()
        self._arrived: asyncio.Event | anyio.Event | None = None
        self._room: asyncio.Event | anyio.Event | None = None
        self._ended = False
        self.closing: bool = False
        """Whether the application closes, and no message is wanted any more."""
        self.over: LazyEvent = LazyEvent()
        """Set once hypercorn has ended the stream."""

    async def put(self, event: ASGIEvent) -> None:
        """Take an event from hypercorn, and wait while too many messages are unread."""
        if event["type"] == "websocket.disconnect":
            self.over.set()
            self.end()
        elif not self.closing and not self._ended:
            self._append(cast("WebSocketEvent", event))  # as the specification has a message
            if self._is_full():
                await self._suspend()

    async def receive(self) -> WebSocketEvent:
        """Wait for the next event. A cancelled call loses nothing."""
        while not self._events:
            self._arrived = new_event()
            await self._arrived.wait()
        event = self._events.popleft()
        if not self._is_full():
            self._resume()
        return event

    def end(self) -> None:
        """Put the end behind the messages that are there."""
        if not self._ended:
            self._ended = True
            self._append({"type": "websocket.disconnect"})
            self._resume()

    def close(self) -> None:
        """Drop the messages, also those to come: the application closes."""
        self.closing = True
        self._events.clear()
        self._resume()

    def _append(self, event: WebSocketEvent) -> None:
        self._events.append(event)
        if self._arrived is not None:
            self._arrived.set()

    def _is_full(self) -> bool:
        return len(self._events) > self._size and not self._ended

    async def _suspend(self) -> None:
        """Have the peer wait: over HTTP/1.1 the task waits that reads the connection."""
        self._room = new_event()
        await self._room.wait()

    def _resume(self) -> None:
        if self._room is not None:
            self._room.set()
