"""A time limit for a wait in every connection, without the 30,000 instructions of a cancel scope."""

import asyncio
from contextlib import AbstractContextManager
from types import TracebackType

import anyio


def bounded(seconds: float) -> AbstractContextManager[object, bool | None]:
    """Leave the block after a time, in seconds, as `anyio.move_on_after` does."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # on another event loop
        task = None
    return anyio.move_on_after(seconds) if task is None else _Bounded(task, seconds)


class _Bounded:
    """Cancels asyncio's task when the time is over, until the block has ended."""

    __slots__ = ("_before", "_cancelled", "_seconds", "_task", "_timer")

    def __init__(self, task: asyncio.Task[object], seconds: float) -> None:
        self._task = task
        self._seconds = seconds
        self._cancelled = 0

    def __enter__(self) -> None:
        self._before = self._task.cancelling()
        self._timer: asyncio.Handle = self._task.get_loop().call_later(self._seconds, self._cancel)

    def _cancel(self) -> None:
        # It cancels again in each turn of the loop, as a cancel scope does: the close of websockets'
        # legacy API treats a cancellation as the end of one wait, and begins another.
        self._timer = self._task.get_loop().call_soon(self._cancel)
        self._cancelled += 1
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._timer.cancel()
        if not self._cancelled:
            return False
        for _ in range(self._cancelled):
            self._task.uncancel()
        # If something else has cancelled the task too, the exception goes on.
        return self._task.cancelling() <= self._before and isinstance(error, asyncio.CancelledError)
