"""Bounding a wait that every connection has, without the 30,000 instructions of a cancel scope."""

import asyncio
from contextlib import AbstractContextManager
from types import TracebackType

import anyio


def bounded(seconds: float) -> AbstractContextManager[object, bool | None]:
    """Wait in the block for so long at most, then go on behind it, as `anyio.move_on_after` does."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # on another event loop
        task = None
    return anyio.move_on_after(seconds) if task is None else _Bounded(task, seconds)


class _Bounded:
    """Asyncio's own task, which is cancelled when the time is over, as `asyncio.timeout` does."""

    __slots__ = ("_cancelling", "_over", "_seconds", "_task", "_timer")

    def __init__(self, task: asyncio.Task[object], seconds: float) -> None:
        self._task = task
        self._seconds = seconds
        self._over = False

    def __enter__(self) -> None:
        self._cancelling = self._task.cancelling()
        self._timer = self._task.get_loop().call_later(self._seconds, self._end)

    def _end(self) -> None:
        self._over = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._timer.cancel()
        # Whoever else has cancelled the task meanwhile has the exception.
        return (
            self._over
            and self._task.uncancel() <= self._cancelling
            and isinstance(error, asyncio.CancelledError)
        )
