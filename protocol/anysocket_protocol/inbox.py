"""What the peer has sent and the application hasn't received: messages, and how the connection ended."""

import asyncio
from collections.abc import Awaitable

from anysocket_protocol.reader import Closed
from anysocket_protocol.waiter import Waiter


class Inbox:
    """Unread messages, and the tasks that wait for them in turn."""

    __slots__ = ("_loop", "_waiter", "end", "end_taken", "in_line", "size", "unread")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.unread: list[str | bytes | Closed] = []
        self.size: int = 0
        """Of the messages, in bytes and characters."""
        self.end: Closed | None = None
        """How the connection ended; it is the last of what is unread."""
        self.end_taken: int = 0
        """How many times the application has taken the end."""
        self._loop = loop
        self._waiter = Waiter(loop)
        self.in_line: list[asyncio.Future[None]] | None = None
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

    def more(self) -> Awaitable[None]:
        """Give what the running task awaits when nothing is unread; it looks again then.

        Its caller calls `let_next_look` when it has got something or given up.
        """
        if not self._waiter.waiting:
            return self._waiter
        turn = self._loop.create_future()
        self.in_line = self.in_line or []
        self.in_line.append(turn)
        return turn

    def let_next_look(self) -> None:
        """Let the next task in the line look again; it goes to its end if there is nothing for it."""
        while self.in_line:
            turn = self.in_line.pop(0)
            if not turn.done():
                turn.set_result(None)
                return
