"""An event that happens once, for what most connections never wait for."""

import asyncio

import anyio


def new_event() -> asyncio.Event | anyio.Event:
    """Make an event for the running loop.

    On asyncio it is asyncio's own: anyio's takes twice the time and a kilobyte more.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return anyio.Event()
    return asyncio.Event()


class LazyEvent:
    """Like anyio's Event, but it takes no memory until a task waits for it."""

    __slots__ = ("_event", "is_set")

    def __init__(self) -> None:
        self.is_set: bool = False
        self._event: asyncio.Event | anyio.Event | None = None

    def set(self) -> None:
        """Wake all tasks that wait; later ones don't wait."""
        self.is_set = True
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        """Wait until the event is set."""
        if not self.is_set:
            self._event = self._event or new_event()
            await self._event.wait()
