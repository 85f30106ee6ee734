"""Events that cost little: the one happens once and is rarely waited for, the other has one waiter."""

import asyncio
from collections.abc import Awaitable

import anyio


class LazyEvent:
    """Like anyio's Event, which on asyncio takes a kilobyte whether a task waits for it or not."""

    __slots__ = ("_event", "is_set")

    def __init__(self) -> None:
        self.is_set: bool = False
        self._event: anyio.Event | None = None

    def set(self) -> None:
        """Wake all tasks that wait; later ones don't wait."""
        self.is_set = True
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        """Wait until the event is set."""
        if not self.is_set:
            self._event = self._event or anyio.Event()
            await self._event.wait()


class Signal:
    """Wakes the one task that waits for it: on asyncio a future, at half the price of an event."""

    __slots__ = ("_event", "_future")

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        try:
            self._future = asyncio.get_running_loop().create_future()
        except RuntimeError:  # on trio
            self._event = anyio.Event()

    def set(self) -> None:
        """Wake the task."""
        if self._future is None:
            self._event.set()
        elif not self._future.done():  # nor cancelled
            self._future.set_result(None)

    def wait(self) -> Awaitable[None]:
        """Wait until the signal is set."""
        return self._event.wait() if self._future is None else self._future
