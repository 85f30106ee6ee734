"""Reading ahead, so that a handler that doesn't receive notices the end (contract C6)."""

from collections import deque

import anyio

from anysocket.asgi import ReceiveEvent, WebSocketEvent
from anysocket.close import CloseCode

MAX_UNREAD = 1024
"""Messages that are read ahead; beyond them the peer has to wait (contract M4).

So many that the heart-beats of a peer don't hide its end from a handler that never receives (contract
C6): one each 20 seconds takes over five hours. Small messages cost 64 KiB at most.
"""

MAX_UNREAD_SIZE = 1024 * 1024
"""Characters and bytes that are read ahead. The message that exceeds them is still read."""


class ReadAhead:
    """Keeps the events that are read ahead of the handler, in their order.

    No task runs for it: a task that waits for the end reads. A cancelled call of either method
    loses nothing.
    """

    def __init__(self, receive: ReceiveEvent, peer_left_errors: tuple[type[Exception], ...]) -> None:
        self._receive = receive
        self._peer_left_errors = peer_left_errors
        self._unread = deque[WebSocketEvent]()
        self._size = 0
        self._reading = anyio.Lock()
        self._room = anyio.Event()
        self.end: WebSocketEvent | None = None
        """The event that ended the connection, once it has been read."""
        self.has_receiver: bool = False
        """Whether a receive has been called."""

    @property
    def empty(self) -> bool:
        """Whether every event that was read ahead has been received."""
        return not self._unread

    async def receive(self) -> WebSocketEvent:
        """Return the oldest event that was read ahead, or wait for the server's next."""
        self.has_receiver = True
        if not self._unread:
            async with self._reading:
                if not self._unread:
                    return await self._read()
        return self.take()

    def take(self) -> WebSocketEvent:
        """Return the oldest event that was read ahead."""
        self.has_receiver = True
        event = self._unread.popleft()
        self._size -= _size(event)
        self._room.set()
        return event

    async def read_until_the_end(self, *, bounded: bool = True) -> WebSocketEvent:
        """Read until the connection ends, and return its last event.

        Args:
            bounded: whether to wait for the handler when too much is unread.
        """
        while self.end is None:
            if bounded and (len(self._unread) >= MAX_UNREAD or self._size >= MAX_UNREAD_SIZE):
                self._room = anyio.Event()
                await self._room.wait()
                continue
            async with self._reading:
                if self.end is None:
                    event = await self._read()
                    self._size += _size(event)
                    self._unread.append(event)
        return self.end

    async def _read(self) -> WebSocketEvent:
        if self.end is not None:
            return self.end
        try:
            event = await self._receive()
        except self._peer_left_errors:
            event = WebSocketEvent(type="websocket.disconnect", code=CloseCode.ABNORMAL_CLOSURE)
        if event.get("text") is None and event.get("bytes") is None:
            self.end = event
        return event


def _size(event: WebSocketEvent) -> int:
    return len(event.get("text") or event.get("bytes") or b"")
