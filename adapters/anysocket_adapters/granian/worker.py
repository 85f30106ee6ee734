"""A worker of granian's that drains its connections before it stops.

granian 2.8 stops a worker with SIGTERM, and a worker drops its connections as soon as the signal
comes. granian creates the worker's event loop with a builder that can be replaced
(https://github.com/emmett-framework/granian#customisation). The event loops of the builders here
keep granian's handler of the signal, drain first, and then call it. A worker imports this module
before it creates its event loop, since the worker's loader is here.
"""

import asyncio
import atexit
import logging
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from granian import loops

from anysocket_adapters.enduring import goes_on
from anysocket_adapters.granian.rsgi_app import RSGIApplication
from anysocket_adapters.repairs.repair import warn_unrepaired
from anysocket_adapters.serving import logs
from anysocket_adapters.serving.last_resort import end_with_parent
from anysocket_adapters.serving.output import write_at_once
from anysocket_adapters.serving.served_app import ServedApp, from_environment

if TYPE_CHECKING:
    from asyncio import SelectorEventLoop
    from types import ModuleType
else:
    SelectorEventLoop = object


class DrainsWhenSignalled(SelectorEventLoop):
    """An event loop in which granian's handler of SIGTERM is called once the app is drained."""

    app: ServedApp
    granians_handler: Callable[[], object] | None = None
    drain: asyncio.Task[None] | None = None

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: object) -> None:
        if self.is_running():  # the app's own handler
            super().add_signal_handler(sig, callback, *args)
        elif sig == signal.SIGTERM:
            self.granians_handler = lambda: callback(*args)
            super().add_signal_handler(sig, self._begin_drain)
        else:  # Ctrl-C signals the workers too, and then their parent stops them
            super().add_signal_handler(sig, lambda: None)

    def _begin_drain(self) -> None:
        self.drain = self.drain or self.create_task(self._drain())

    async def _drain(self) -> None:
        await self.app.drain()
        self.app.cancel_connections()
        assert self.granians_handler is not None
        self.granians_handler()


@loops.register("asyncio")
def build_asyncio_loop() -> asyncio.AbstractEventLoop:
    """Create an event loop of asyncio's."""
    return _draining(asyncio.SelectorEventLoop)


@loops.register("uvloop", ["uvloop"])
def build_uvloop(uvloop: "ModuleType") -> asyncio.AbstractEventLoop:
    """Create an event loop of uvloop's."""
    kind: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return _draining(kind)


def _draining(kind: type[asyncio.AbstractEventLoop]) -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = type(kind.__name__, (DrainsWhenSignalled, goes_on(kind)), {})()
    asyncio.set_event_loop(loop)
    return loop


def load_asgi() -> ServedApp:
    """Load the app that a worker serves over ASGI; the worker's event loop will drain it."""
    end_with_parent()
    write_at_once()
    loop = asyncio.get_event_loop()

    @atexit.register  # before the app registers its own, which then run first
    def end_at_once() -> None:
        """Exit as a forked worker does, without finalizing the interpreter.

        granian's Rust threads may still ask for Python's lock, and panic when it is gone (before 3.14).
        """
        if isinstance(loop, DrainsWhenSignalled) and loop.drain is not None:
            logging.shutdown()
            os._exit(0)

    app = from_environment()
    logs.install(queries=app.options.log_queries)
    if isinstance(loop, DrainsWhenSignalled):
        loop.app = app
    loop.call_soon(_check, loop)  # once the loop runs, granian has set its handlers
    return app


def load_rsgi() -> Callable[..., object]:
    """Load the app that a worker serves over RSGI, as `load_asgi`."""
    app = load_asgi()
    # granian types it as an ASGI app, and calls its `__rsgi__`.
    return cast("Callable[..., object]", RSGIApplication(app, app.options.root_path))


def _check(loop: asyncio.AbstractEventLoop) -> None:
    if not isinstance(loop, DrainsWhenSignalled) or loop.granians_handler is None:
        missing = "handler of SIGTERM in an event loop that `granian.loops` has made"
        warn_unrepaired("granian", missing, "draining the connections of a worker that stops")
