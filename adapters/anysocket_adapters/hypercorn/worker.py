"""Serving on hypercorn: in a loop of ours, so that we make its connections, with their repairs.

How it differs from the contract, as of 0.18 (https://github.com/pgjones/hypercorn):

- It keeps a connection for ever whose application ended with more to receive than its queue holds.
- On trio an exception of the application that isn't an Exception ends the worker.
- 0.16 has no lifespan state.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from socket import socket
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket_adapters import loops
from anysocket_adapters.hypercorn import accepting, trio
from anysocket_adapters.hypercorn.connection import (
    BY_READING,
    SERVER,
    TASK_GROUP,
    TRIO_SERVER,
    TRIO_TASK_GROUP,
    RepairsBeforeReading,
)
from anysocket_adapters.hypercorn.early import DropsUnread
from anysocket_adapters.hypercorn.native import HypercornConnection, settings
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.repairs.versions import installed_at_least

if TYPE_CHECKING:
    from hypercorn.asyncio.lifespan import Lifespan as AsyncioLifespan
    from hypercorn.asyncio.worker_context import WorkerContext
    from hypercorn.config import Config
    from hypercorn.trio.lifespan import Lifespan as TrioLifespan
else:
    WorkerContext = object

Made = TypeVar("Made")

CONTEXT = Repairs("hypercorn", "hypercorn.asyncio.worker_context:WorkerContext")
TRIO_CONTEXT = Repairs("hypercorn", "hypercorn.trio.worker_context:WorkerContext")

_USED = (
    *("terminated", "hypercorn.utils:repr_socket_addr", "hypercorn.config:Config.create_ssl_context"),
    *("hypercorn.config:Config.backlog", "hypercorn.config:Config.log"),
)
_LIFESPAN = ("handle_lifespan", "wait_for_startup", "wait_for_shutdown")


@TRIO_CONTEXT.repair(
    needs=(*_USED, *(f"hypercorn.trio.lifespan:Lifespan.{each}" for each in _LIFESPAN)), keeps=BY_READING
)
@CONTEXT.repair(
    needs=(*_USED, *(f"hypercorn.asyncio.lifespan:Lifespan.{each}" for each in _LIFESPAN)), keeps=BY_READING
)
class Stops(WorkerContext):
    """What the connections of a worker share. It needs all that our loop uses."""

    async def stop(self) -> None:
        """End the connections that are idle."""
        await self.terminated.set()


async def serve_worker(
    app: ASGIApp,
    config: "Config",
    options: Options,
    listener: socket,
    stop: Callable[[], Awaitable[None]],
    *,
    native: bool,
) -> None:
    """Serve until `stop` returns, as hypercorn's `worker_serve` does.

    Args:
        app: the application.
        config: hypercorn's.
        options: those that hypercorn has no setting for.
        listener: a bound socket.
        stop: returns when the worker is to end.
        native: whether WebSockets over HTTP/1.1 have connections of our own, which need asyncio.
    """
    on_trio = loops.current() == "trio"
    package = "hypercorn.trio" if on_trio else "hypercorn.asyncio"
    servers, contexts = (TRIO_SERVER, TRIO_CONTEXT) if on_trio else (SERVER, CONTEXT)
    make, make_context = _subclass(servers, RepairsBeforeReading), _subclass(contexts, Stops)
    if make is None or make_context is None:
        config.bind = [f"fd://{os.dup(listener.fileno())}"]  # hypercorn closes what it is given
        await import_module(package).serve(app, config, shutdown_trigger=stop, mode="asgi")
        return
    state = dict[str, object]()
    application, context, tls = _Application(app, state), make_context(None), config.create_ssl_context()
    loop = () if on_trio else (asyncio.get_running_loop(),)
    own_state = (state,) if installed_at_least("hypercorn", "0.17") else ()

    async def connected(*streams: object) -> None:
        connection = make(application, *loop, config, context, *own_state, *streams)
        connection.options = options
        connection.task_groups = TRIO_TASK_GROUP if on_trio else TASK_GROUP
        await connection

    async def announce_and_stop() -> None:
        from hypercorn.utils import repr_socket_addr  # pyright: ignore[reportUnknownVariableType]

        address = repr_socket_addr(listener.family, listener.getsockname())
        await config.log.info(f"Running on http{'s' if tls else ''}://{address} (CTRL + C to quit)")
        await stop()
        await context.stop()

    async with _alive(import_module(f"{package}.lifespan").Lifespan(application, config, *loop, *own_state)):
        if on_trio:
            await trio.accept_connections(connected, config, listener.dup(), tls, announce_and_stop)
            return
        connections = accepting.Connections(connected)
        protocol: Callable[[], asyncio.Protocol] = connections.protocol
        if native:
            protocol = partial(
                HypercornConnection, app, state, settings(config, options), config, connections
            )
        await accepting.accept_connections(
            connections, protocol, config, listener.dup(), tls, announce_and_stop
        )


def _subclass(repairs: Repairs, mixin: type[Made]) -> Callable[..., Made] | None:
    """Give the repaired class; None where it lacks the repair that our loop is about."""
    kind = repairs.subclass()
    return kind if kind is not None and issubclass(kind, mixin) else None


@asynccontextmanager
async def _alive(lifespan: "AsyncioLifespan | TrioLifespan") -> AsyncGenerator[None, None]:
    """Keep the application's lifespan around what the block does."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lifespan.handle_lifespan)
        await lifespan.wait_for_startup()
        await checkpoint()  # its failure ends this block
        yield
        await lifespan.wait_for_shutdown()
        tasks.cancel_scope.cancel()


class _Application:
    """An application as hypercorn calls it, that lets its connection go when it ends."""

    def __init__(self, app: ASGIApp, state: dict[str, object]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send, *_: object) -> None:
        lifespan = scope["type"] == "lifespan"
        scope.setdefault("state", self._state if lifespan else self._state.copy())
        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            if not isinstance(error, Exception) and (lifespan or not _is_exit(error)):
                raise
            await _drop_unread(receive, send)
            if isinstance(error, Exception):
                raise
            raise RuntimeError(f"the application raised {error!r}") from error
        await _drop_unread(receive, send)


def _is_exit(error: BaseException) -> bool:
    """Whether this is neither an error nor a cancellation, or has such a one among its exceptions."""
    match error:
        case BaseExceptionGroup(exceptions=errors):
            return any(map(_is_exit, errors))
        case _:
            return not isinstance(error, (Exception, GeneratorExit, anyio.get_cancelled_exc_class()))


async def _drop_unread(receive: Receive, send: Send) -> None:
    stream: object = getattr(send, "__self__", None)
    if isinstance(stream, DropsUnread):
        await stream.drop_unread(receive)
