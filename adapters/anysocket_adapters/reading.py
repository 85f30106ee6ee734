"""Reading ahead of a busy handler, for servers that read only while the application receives.

Without it such a server answers no ping and notices no end while the handler doesn't receive. A
receive that is cancelled may lose a message. (Noticing the end, keepalive, and order and
concurrency: contract C6, L3 and M2.)
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from anysocket.asgi import WebSocketEvent
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE

Item = TypeVar("Item")


class Reader(Generic[Item]):
    """Keeps one receive of the server in flight, and its results in order.

    It needs no task where the server's receive returns a future, which goes on by itself.

    Args:
        receive: the server's.
        event: makes an event of a finished receive.
        ended: called when the connection has ended, before the handler receives the end.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Item]],
        event: Callable[[asyncio.Future[Item]], WebSocketEvent],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._receive = receive
        self._event = event
        self._ended = ended
        self._unread = deque[WebSocketEvent]()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self.end: WebSocketEvent | None = None
        """The event that ended the connection; None before the end."""
        self._stopped = False
        # None once it has arrived: granian 2.8's futures keep their callback, and so this reader. The
        # garbage collector doesn't look into them.
        self._pending: asyncio.Future[Item] | None = None
        # Not at once: a handler that closes in this turn of the loop needs no receive.
        asyncio.get_running_loop().call_soon(self._read_on)

    async def receive(self) -> WebSocketEvent:
        """Give the next event; after the end, every call gives the event that ended the connection."""
        while not self._unread:
            if self.end is not None:
                return self.end
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        was_full = self._is_full()
        event = self._unread.popleft()
        self._size -= _size(event)
        if was_full and not self._is_full():
            self._pending = self._read()
        return event

    def stop(self) -> None:
        """Read no more, and cancel the receive that is in flight."""
        if (pending := self.leave()) is not None:
            pending.cancel()

    def leave(self) -> asyncio.Future[Item] | None:
        """Read no more, and leave the receive that is in flight to the caller."""
        self._stopped = True
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.remove_done_callback(self._arrived)
        return pending

    def finish(self, event: WebSocketEvent) -> None:
        """End the connection with an event, and wake a waiting receive; the first end stands."""
        if self.end is None:
            self.end = event
            self._wake()

    def _read(self) -> asyncio.Future[Item]:
        pending = asyncio.ensure_future(self._receive())
        pending.add_done_callback(self._arrived)
        return pending

    def _arrived(self, pending: asyncio.Future[Item]) -> None:
        self._pending = None
        if pending.cancelled() or self._stopped:
            return
        event = self._event(pending)
        if event["type"] == "websocket.disconnect":
            self._ended()
            self.finish(event)
            return
        self._unread.append(event)
        self._size += _size(event)
        self._wake()
        if not self._is_full():
            pending.get_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        """Read the next event, after a woken handler has had its turn: the end may come next.

        Otherwise a send that the handler is about to make could fail.
        """
        if not self._stopped:
            self._pending = self._read()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _is_full(self) -> bool:
        return len(self._unread) >= MAX_UNREAD or self._size >= MAX_UNREAD_SIZE


def _size(event: WebSocketEvent) -> int:
    return len(event.get("text") or event.get("bytes") or b"")
