"""What a stream of hypercorn's over HTTP/2 has still to send."""

from typing import TYPE_CHECKING

import anyio

from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from hypercorn.protocol.h2 import StreamBuffer
else:
    StreamBuffer = object

HIGH_WATER = 32768
"""Bytes that may wait for the peer's window before a send waits too, as hypercorn means it."""

BUFFER = Repairs("hypercorn", "hypercorn.protocol.h2:StreamBuffer")


@BUFFER.repair(
    needs=("_complete", "_is_empty", "buffer", "close", "pop", "push", "set_complete"),
    keeps=("half_closed", "send_pressure", "suspended_sends"),
)
class WaitsForRoom(StreamBuffer):
    """A buffer for whose room any number of tasks can wait.

    hypercorn's push waits until somebody looks at the buffer, though it may still be full, and of
    two at once one may wait for ever. This push waits no longer, since it may be of the task that
    reads; a send waits for `room` before.
    """

    _changed: anyio.Event | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will be pushed."""
        return self._complete

    @property
    def full(self) -> bool:
        """Whether a send should wait."""
        return len(self.buffer) >= HIGH_WATER and not self._complete

    async def push(self, data: bytes) -> None:
        if not self._complete:
            self.buffer.extend(data)
            await self._is_empty.clear()
        if self.full:
            await self._change()

    async def pop(self, max_length: int) -> bytes:
        data = await super().pop(max_length)
        self._wake()
        return data

    def set_complete(self) -> None:
        super().set_complete()
        self._wake()

    async def close(self) -> None:
        await super().close()
        self._wake()

    async def room(self) -> None:
        """Wait until a send needn't wait."""
        while self.full:
            await self._change()

    async def _change(self) -> None:
        self._changed = self._changed or anyio.Event()
        await self._changed.wait()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None
