"""An event that happens once, for what most connections never wait for."""

import anyio


class LazyEvent:
    """Like anyio's Event, which on asyncio takes a kilobyte whether anybody waits for it or not."""

    __slots__ = ("_event", "is_set")

    def __init__(self) -> None:
        self.is_set: bool = False
        self._event: anyio.Event | None = None

    def set(self) -> None:
        """Have it happen."""
        self.is_set = True
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        """Wait until it has happened."""
        if not self.is_set:
            self._event = self._event or anyio.Event()
            await self._event.wait()
