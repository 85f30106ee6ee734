"""The connections that are served, within reach of whoever ends them (contract L2)."""

import asyncio
from collections.abc import Awaitable, Callable

import anyio


class Connections:
    """Keeps what cancels each connection."""

    def __init__(self) -> None:
        self._cancels: set[Callable[[], object]] = set()
        self._cancelled = False

    def hold(self, connection: Awaitable[None]) -> Awaitable[None]:
        """Serve a connection, which `cancel` may end."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # on trio
            task = None
        return self._hold_scope(connection) if task is None else self._hold_task(task, connection)

    async def _hold_task(self, task: asyncio.Task[object], connection: Awaitable[None]) -> None:
        """Hold asyncio's own task: a cancel scope costs a connection 32,000 instructions."""
        cancel = task.cancel
        self._cancels.add(cancel)
        try:
            await connection
        except asyncio.CancelledError:
            if not self._cancelled:
                raise
            task.uncancel()
        finally:
            self._cancels.discard(cancel)

    async def _hold_scope(self, connection: Awaitable[None]) -> None:
        with anyio.CancelScope() as scope:
            self._cancels.add(scope.cancel)
            try:
                await connection
            finally:
                self._cancels.discard(scope.cancel)

    def cancel(self) -> None:
        """Cancel them all."""
        self._cancelled = True
        for cancel in tuple(self._cancels):
            cancel()
