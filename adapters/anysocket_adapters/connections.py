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
        self._task = _Task(self)

    def hold(self) -> AbstractContextManager[None, bool | None]:
        """Serve a connection in the block, which `cancel` may end."""
        try:
            return self._hold_scope() if asyncio.current_task() is None else self._task
        except RuntimeError:  # on trio
            return self._hold_scope()

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
    """Holds asyncio's own task, whichever runs: a cancel scope costs a connection 32,000 instructions."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # see `Connections.hold`
        self._connections.held.add(task)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        task = asyncio.current_task()
        assert task is not None
        self._connections.held.discard(task)
        if not self._connections.cancelled or not isinstance(error, asyncio.CancelledError):
            return False
        task.uncancel()
        return True
