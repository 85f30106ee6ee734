"""What the peer has sent and the application hasn't received: messages, and how the connection ended."""

import asyncio

from anysocket_protocol.reader import Closed
from anysocket_protocol.waiter import Waiter


class Inbox:
    """Unread messages, and the tasks that wait for them in turn."""

    __slots__ = ("_in_line", "_loop", "_waiter", "end", "end_taken", "size", "unread")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.unread: list[str | bytes | Closed] = []
        self.size: int = 0
        """Of the messages, in bytes and characters."""
        self.end: Closed | None = None
        """How the connection ended; it is the last of what is unread."""
        self.end_taken: bool = False
        self._loop = loop
        self._waiter = Waiter(loop)
        self._in_line: list[asyncio.Future[None]] | None = None
        """The tasks that wait behind the one that waits for a message."""

    def put(self, message: str | bytes) -> None:
        """Add a message, and go on with the task that waits for it."""
        self.unread.append(message)
        self.size += len(message)
        self._waiter.wake()

    def put_end(self, end: Closed) -> None:
        """Add the end, unless it is there."""
        if self.end is None:
            self.end = end
            self.unread.append(end)
            self._waiter.wake()

    def clear(self) -> None:
        """Drop the unread messages."""
        self.unread = [each for each in self.unread if isinstance(each, Closed)]
        self.size = 0

    async def wait(self) -> None:
        """Wait until something is unread, or another task has taken the end."""
        try:
            while not self.unread and not self.end_taken:
                if self._waiter.waiting:
                    turn = self._loop.create_future()
                    self._in_line = self._in_line or []
                    self._in_line.append(turn)
                    await turn
                else:
                    await self._waiter
        finally:
            if self._in_line:
                self._wake_next(self._in_line)

    def _wake_next(self, in_line: list[asyncio.Future[None]]) -> None:
        """Let the next task in the line look again; it goes to its end if there is nothing for it."""
        while in_line:
            turn = in_line.pop(0)
            if not turn.done():
                turn.set_result(None)
                return
