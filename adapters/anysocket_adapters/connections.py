"""The connections that are served, within reach of whoever ends them (contract L2)."""

import asyncio
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Protocol

import anyio


class _Cancellable(Protocol):
    def cancel(self) -> object: ...


class Connections:
    """Keeps what cancels each connection."""

    def __init__(self) -> None:
        self.held: set[_Cancellable] = set()
        self.cancelled: bool = False
        """Whether they have been told to end."""

    def hold(self) -> AbstractContextManager[None, bool | None]:
        """Serve a connection in the block, which `cancel` may end."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # on trio
            task = None
        return self._hold_scope() if task is None else _Task(task, self)

    @contextmanager
    def _hold_scope(self) -> Generator[None, None, None]:
        with anyio.CancelScope() as scope:
            self.held.add(scope)
            try:
                yield
            finally:
                self.held.discard(scope)

    def cancel(self) -> None:
        """Cancel them all."""
        self.cancelled = True
        for each in tuple(self.held):
            each.cancel()


class _Task:
    """Holds asyncio's own task: a cancel scope costs a connection 32,000 instructions."""

    __slots__ = ("_connections", "_task")

    def __init__(self, task: asyncio.Task[object], connections: Connections) -> None:
        self._task = task
        self._connections = connections

    def cancel(self) -> None:
        self._task.cancel()

    def __enter__(self) -> None:
        self._connections.held.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._connections.held.discard(self)
        if not self._connections.cancelled or not isinstance(error, asyncio.CancelledError):
            return False
        self._task.uncancel()
        return True
