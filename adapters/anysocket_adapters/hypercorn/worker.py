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
from typing import TYPE_CHECKING, TypeAlias, cast

import anyio
from anyio.lowlevel import checkpoint

from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket_adapters import loops
from anysocket_adapters.hypercorn.connection import (
    SERVER,
    TASK_GROUP,
    TRIO_SERVER,
    TRIO_TASK_GROUP,
    RepairsBeforeReading,
)
from anysocket_adapters.hypercorn.early import DropsUnread
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.repairs.versions import installed_at_least

if TYPE_CHECKING:
    import trio
    from hypercorn.asyncio.lifespan import Lifespan as AsyncioLifespan
    from hypercorn.asyncio.worker_context import WorkerContext
    from hypercorn.config import Config
    from hypercorn.trio.lifespan import Lifespan as TrioLifespan
    from hypercorn.typing import AppWrapper
else:
    WorkerContext = object

Connect: TypeAlias = Callable[..., RepairsBeforeReading]
"""Makes a connection of what hypercorn's own loop makes it of."""

CONTEXT = Repairs("hypercorn", "hypercorn.asyncio.worker_context:WorkerContext")
TRIO_CONTEXT = Repairs("hypercorn", "hypercorn.trio.worker_context:WorkerContext")

_USED = (
    *("terminated", "hypercorn.utils:repr_socket_addr", "hypercorn.config:Config.create_ssl_context"),
    *("hypercorn.config:Config.backlog", "hypercorn.config:Config.log"),
)
_LIFESPAN = ("handle_lifespan", "wait_for_startup", "wait_for_shutdown")


@TRIO_CONTEXT.repair(needs=(*_USED, *(f"hypercorn.trio.lifespan:Lifespan.{each}" for each in _LIFESPAN)))
@CONTEXT.repair(needs=(*_USED, *(f"hypercorn.asyncio.lifespan:Lifespan.{each}" for each in _LIFESPAN)))
class Stops(WorkerContext):
    """What the connections of a worker share; it needs all that our loop does in place of hypercorn's."""

    async def stop(self) -> None:
        """End the connections that are idle."""
        await self.terminated.set()


async def serve_worker(
    app: ASGIApp, config: "Config", options: Options, listener: socket, stop: Callable[[], Awaitable[None]]
) -> None:
    """Serve until `stop` returns."""
    on_trio = loops.current() == "trio"
    connect = (TRIO_SERVER if on_trio else SERVER).subclass()
    context = (TRIO_CONTEXT if on_trio else CONTEXT).subclass()
    if connect and issubclass(connect, RepairsBeforeReading) and context and issubclass(context, Stops):
        serve = _serve_on_trio if on_trio else _serve_on_asyncio
        application = cast("AppWrapper", _Application(app))
        await serve(application, config, options, listener, stop, connect, context(None))
    else:
        config.bind = [f"fd://{os.dup(listener.fileno())}"]  # hypercorn closes what it is given
        hypercorn = import_module("hypercorn.trio" if on_trio else "hypercorn.asyncio")
        await hypercorn.serve(app, config, shutdown_trigger=stop, mode="asgi")


def _new_state() -> tuple[dict[str, object], ...]:
    """Give the argument for the lifespan's state, to hypercorn's lifespan and connections."""
    return ({},) if installed_at_least("hypercorn", "0.17") else ()


async def _serve_on_asyncio(
    app: "AppWrapper",
    config: "Config",
    options: Options,
    listener: socket,
    stop: Callable[[], Awaitable[None]],
    connect: Connect,
    context: Stops,
) -> None:
    """Serve as `hypercorn.asyncio.run.worker_serve` does."""
    from hypercorn.asyncio.lifespan import Lifespan

    loop, state, connections = asyncio.get_running_loop(), _new_state(), set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        task.add_done_callback(connections.discard)
        connection = connect(app, loop, config, context, *state, reader, writer)
        connection.options, connection.task_groups = options, TASK_GROUP
        await connection

    tls = config.create_ssl_context()
    async with _alive(Lifespan(app, config, loop, *state)):
        server = await asyncio.start_server(
            connected,
            backlog=config.backlog,
            sock=listener.dup(),
            ssl=tls,
            ssl_handshake_timeout=config.ssl_handshake_timeout if tls else None,
        )
        try:
            await _announce(config, listener, tls=tls is not None)
            await stop()
            await context.stop()
        finally:
            server.close()
        if connections:
            _, late = await asyncio.wait(connections, timeout=config.graceful_timeout)
            for task in late:
                task.cancel()


async def _serve_on_trio(
    app: "AppWrapper",
    config: "Config",
    options: Options,
    listener: socket,
    stop: Callable[[], Awaitable[None]],
    connect: Connect,
    context: Stops,
) -> None:
    """Serve as `hypercorn.trio.run.worker_serve` does."""
    import trio
    from hypercorn.trio.lifespan import Lifespan

    state = _new_state()

    async def connected(stream: "trio.SocketStream | trio.SSLStream[trio.SocketStream]") -> None:
        connection = connect(app, config, context, *state, stream)
        connection.options, connection.task_groups = options, TRIO_TASK_GROUP
        await connection

    tls = config.create_ssl_context()
    listening = listener.dup()
    listening.listen(config.backlog)
    accepting = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
    secured = trio.SSLListener(accepting, tls, https_compatible=True) if tls else accepting
    async with _alive(Lifespan(app, config, *state)), trio.open_nursery() as connections:
        async with secured, trio.open_nursery() as nursery:
            serve = partial(trio.serve_listeners, connected, [secured], handler_nursery=connections)
            nursery.start_soon(serve)
            await _announce(config, listener, tls=tls is not None)
            await stop()
            nursery.cancel_scope.cancel()
        await context.stop()
        connections.cancel_scope.deadline = trio.current_time() + config.graceful_timeout


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


async def _announce(config: "Config", listener: socket, *, tls: bool) -> None:
    from hypercorn.utils import repr_socket_addr

    address = repr_socket_addr(listener.family, listener.getsockname())
    await config.log.info(f"Running on {'https' if tls else 'http'}://{address} (CTRL + C to quit)")


class _Application:
    """An application as hypercorn calls it, that lets its connection go when it ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._state: dict[str, object] = {}

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
