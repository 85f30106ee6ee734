"""Waiting for one thing after the other, and being woken at once.

An asyncio.Future serves one wait, and wakes its task in the next turn of the event loop. A
`Waiter` serves every wait of a connection's reader, and runs the task within the call of `wake`:
a message is handled within the read that brought it.

It has what a task asks of an object that it waits for (`asyncio.isfuture`; the comments in
CPython's Lib/asyncio/futures.py under "Class variables serving as defaults").
"""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import TypeAlias
from weakref import ref

_Wakeup: TypeAlias = Callable[["Waiter"], object]


class Waiter:
    """Suspends one task at a time until `wake`."""

    __slots__ = (
        "_asyncio_future_blocking",
        "_cancelled",
        "_context",
        "_loop",
        "_wakeup",
        "get_loop",
        "result",
        "waiting",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._asyncio_future_blocking = False
        self.waiting: bool = False
        """Whether a task waits. One that was woken or cancelled waits until it runs: up to then its
        next cancellation comes here, and must not reach another task."""
        self._loop = loop
        # The task calls both for each wait, so they are functions in C.
        self.get_loop: Callable[[], asyncio.AbstractEventLoop | None] = ref(loop)
        """Gives the event loop in which it may be awaited."""
        self.result: Callable[[], object] = object
        """Tells the task how its wait has ended: it raises CancelledError after `cancel`."""
        self._wakeup: _Wakeup | None = None
        """The waiting task's own; None once it has been used."""
        self._context: Context | None = None
        self._cancelled: tuple[object, ...] = ()
        """The arguments of the CancelledError that the task is to get."""

    def wake(self) -> None:
        """Go on with the waiting task, if there is one: at once, unless another task is running."""
        wakeup, context = self._wakeup, self._context
        if wakeup is None or context is None:
            return
        self._wakeup = None
        if asyncio.current_task(self._loop) is None:
            context.run(wakeup, self)
        else:
            self._loop.call_soon(wakeup, self, context=context)

    def __await__(self) -> Generator["Waiter", None, None]:
        """Suspend the running task.

        Raises:
            RuntimeError: another task waits already.
        """
        if self.waiting:
            raise RuntimeError("another task waits already")
        self.waiting = True
        self._asyncio_future_blocking = True
        try:
            yield self
        finally:
            self.waiting = False

    # What the task calls.

    def add_done_callback(self, callback: _Wakeup, *, context: Context | None = None) -> None:
        """Take the task's wake-up."""
        self._wakeup, self._context = callback, context

    def cancel(self, msg: object = None) -> bool:
        """Cancel the wait, in the next turn of the event loop; False when none is under way."""
        wakeup = self._wakeup
        if wakeup is None:
            return False
        self._wakeup = None
        self._cancelled = () if msg is None else (msg,)
        self.result = self._raise_cancelled
        self._loop.call_soon(wakeup, self, context=self._context)
        return True

    def _raise_cancelled(self) -> None:
        self.result = object
        raise asyncio.CancelledError(*self._cancelled)
