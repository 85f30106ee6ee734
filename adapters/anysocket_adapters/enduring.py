"""An event loop that goes on when a task exits: SystemExit is a connection's failure, not the server's."""

import asyncio
import logging
from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from asyncio import SelectorEventLoop
else:
    SelectorEventLoop = object  # uvloop's has the same methods

_log = logging.getLogger("anysocket")

Result = TypeVar("Result")


class GoesOn(SelectorEventLoop):
    """A mixin for an event loop.

    asyncio ends `run_forever` with the SystemExit or KeyboardInterrupt of any task or callback. The
    task has it as its exception too: a task that awaits it gets it, and otherwise asyncio logs it.
    So the loop can run on. The end of the task that it runs for ends it.
    """

    _runs_for: asyncio.Future[object] | None = None
    _stopped = False

    def run_until_complete(self, future: Generator[object, None, Result] | Awaitable[Result]) -> Result:
        """Run until this is done."""
        task = asyncio.ensure_future(cast("Awaitable[Result]", future), loop=self)
        self._runs_for = cast("asyncio.Future[object]", task)  # a Future is invariant
        try:
            return super().run_until_complete(task)
        finally:
            self._runs_for = None

    def run_forever(self) -> None:
        """Run until `stop`."""
        self._stopped = False
        while True:
            try:
                super().run_forever()
            except (SystemExit, KeyboardInterrupt) as error:
                if self._is_its_own(error):
                    raise
                _log.warning("a task raised %s; the server goes on", type(error).__name__)
                if not self._stopped:  # a stop in the same turn of the loop has been lost
                    continue
            return

    def _is_its_own(self, error: BaseException) -> bool:
        """Whether the exception is that of the task that the loop runs for."""
        task = self._runs_for
        return task is None or (task.done() and not task.cancelled() and task.exception() is error)

    def stop(self) -> None:
        """Stop after this turn."""
        self._stopped = True
        super().stop()


def goes_on(kind: type[asyncio.AbstractEventLoop]) -> type[asyncio.AbstractEventLoop]:
    """Give a class of event loops that goes on."""
    return type(kind.__name__, (GoesOn, kind), {})
