"""Large messages inflate one after the other, in steps between which other connections have their turn.

So twenty bombs at once take the memory of one message.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary, ref


class Inflating:
    """The connections of an event loop that have more to inflate."""

    __slots__ = ("_again", "_loop", "_running", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)
        self._waiting = deque[Callable[[], None]]()
        """What takes the next step of each; the first one's message is under way."""
        self._running = False
        self._again = False

    def go_on(self, read_on: Callable[[], None], *, same_message: bool) -> None:
        """Have the next step taken in another turn: of the same message before all others."""
        if self._running and same_message:
            self._again = True
            return
        self._waiting.append(read_on)
        if len(self._waiting) == 1:
            self._schedule()

    def _schedule(self) -> None:
        loop = self._loop()
        assert loop is not None  # it runs
        loop.call_soon(self._step)

    def _step(self) -> None:
        self._running, self._again = True, False
        try:
            self._waiting[0]()
        finally:
            self._running = False
            if not self._again:
                self._waiting.popleft()
            if self._waiting:
                self._schedule()


_inflating = WeakKeyDictionary[asyncio.AbstractEventLoop, Inflating]()


def inflating(loop: asyncio.AbstractEventLoop) -> Inflating:
    """Give the queue of an event loop."""
    found = _inflating.get(loop)
    if found is None:
        found = _inflating[loop] = Inflating(loop)
    return found
