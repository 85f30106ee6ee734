"""A worker: one event loop that serves until a signal."""

import signal
import socket
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import partial
from types import FrameType

import anyio

from anysocket_adapters import loops
from anysocket_adapters.server import Server, ServerFailed
from anysocket_adapters.serving import logs
from anysocket_adapters.serving.last_resort import exit_after
from anysocket_adapters.serving.served_app import ServedApp

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""The signals that end a server."""

LAST_MARGIN = 1.5
"""Seconds after the graceful timeout in which a worker must end: half a second less than in contract L2."""


def work(server: Server, app: ServedApp, listener: socket.socket) -> None:
    """Serve in this process until a signal comes, then end gracefully.

    Raises:
        ServerFailed: the server ended by itself.
    """
    loops.run(app.options.loop, partial(_work_until_signalled, server, app, listener))


async def _work_until_signalled(server: Server, app: ServedApp, listener: socket.socket) -> None:
    stop = anyio.Event()
    failure: Exception | None = None
    heard = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    with anyio.open_signal_receiver(*heard) as signals, _ended_at_last(heard, app.options.graceful_timeout):

        async def stop_when_signalled() -> None:
            async for _ in signals:
                if stop.is_set():  # a second signal: don't wait for the handlers any longer
                    app.cancel_connections()
                stop.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop_when_signalled)
            failure = await serve_until(server, app, listener, stop)
            tasks.cancel_scope.cancel()
        await loops.end_everything(LAST_MARGIN / 2)
    if failure is not None:
        raise failure


@contextmanager
def _ended_at_last(heard: Iterable[int], graceful_timeout: float) -> Generator[None, None, None]:
    """Have a signal end the process in time, whatever its event loop does.

    Python calls a handler of a signal also while a synchronous call blocks the loop. The loop's own
    handlers still get the signal, as they have installed themselves before.
    """
    margin = graceful_timeout + LAST_MARGIN

    def count_down(loops_own: object, number: int, frame: FrameType | None) -> None:
        nonlocal margin
        exit_after(margin)
        margin = LAST_MARGIN  # after a second signal
        if callable(loops_own):
            loops_own(number, frame)

    before = {number: signal.getsignal(number) for number in heard}
    for number, loops_own in before.items():
        signal.signal(number, partial(count_down, loops_own))
    try:
        yield
    finally:
        for number, loops_own in before.items():
            signal.signal(number, loops_own)


async def serve_until(
    server: Server, app: ServedApp, listener: socket.socket, stop: anyio.Event
) -> Exception | None:
    """Serve until `stop` is set, then end the connections and the server within the graceful timeout.

    Returns:
        The reason when the server ended before that, else None.
    """
    options = app.options
    logs.install(queries=options.log_queries)
    failure: Exception | None = ServerFailed(f"{server.name} ended by itself: see its log")
    stop_server, ended = anyio.Event(), anyio.Event()

    async def serve() -> None:
        nonlocal failure
        app.begin()
        try:
            await server.serve(app, options, listener, stop_server)
        except ModuleNotFoundError as error:  # uvicorn is often installed without what it serves with
            failure = ServerFailed(f"{server.name} can't serve: {error}: {server.install_command}")
        except Exception as error:
            if not tasks.cancel_scope.cancel_called:
                failure = error
        finally:
            ended.set()

    async def end() -> None:
        nonlocal failure
        await stop.wait()
        failure = None
        deadline = anyio.current_time() + options.graceful_timeout
        await app.drain()
        stop_server.set()
        with anyio.CancelScope(deadline=deadline):
            await ended.wait()
        app.cancel_connections()
        with anyio.move_on_after(LAST_MARGIN / 2):
            await ended.wait()
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        tasks.start_soon(end)
        await ended.wait()
        tasks.cancel_scope.cancel()
    return failure
