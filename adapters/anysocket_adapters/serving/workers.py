"""Worker processes: each runs one event loop until a signal, and all end when one ends."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType

import anyio

from anysocket_adapters import loops
from anysocket_adapters.options import Options
from anysocket_adapters.registry import choose
from anysocket_adapters.server import Server, ServerFailed
from anysocket_adapters.serving.served_app import ServedApp, from_environment

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_LAST_MARGIN = 2.0
"""Seconds after the graceful timeout in which a worker must end (contract L2)."""


def run(server: Server, options: Options, listener: socket.socket) -> None:
    """Serve the app that `from_environment` gives, in this process or in several, until SIGINT or SIGTERM.

    Raises:
        ServerFailed: the server ended by itself; the message says how.
    """
    if options.workers == 1:
        work(server, from_environment(), listener)
    else:
        _Supervisor(server, options, listener).run()


def work(server: Server, app: ServedApp, listener: socket.socket) -> None:
    """Serve in this process until a signal comes, then end gracefully.

    Raises:
        ServerFailed: the server ended by itself.
    """
    loops.run(app.options.loop, partial(_work_until_signalled, server, app, listener))


async def _work_until_signalled(server: Server, app: ServedApp, listener: socket.socket) -> None:
    stop = anyio.Event()
    failure: Exception | None = None
    heard = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    with anyio.open_signal_receiver(*heard) as signals:

        async def stop_when_signalled() -> None:
            async for _ in signals:
                if stop.is_set():  # a second signal: don't wait for the handlers any longer
                    app.cancel_connections()
                else:
                    _exit_after(app.options.graceful_timeout + _LAST_MARGIN)
                stop.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop_when_signalled)
            failure = await serve_until(server, app, listener, stop)
            tasks.cancel_scope.cancel()
        await loops.end_everything(_LAST_MARGIN / 2)
    if failure is not None:
        raise failure


def _exit_after(seconds: float) -> None:
    """Exit this process even if it hangs: hypercorn on trio waits for ever on a peer that doesn't read."""
    last = threading.Timer(seconds, os._exit, (0,))
    last.daemon = True
    last.start()


async def serve_until(
    server: Server, app: ServedApp, listener: socket.socket, stop: anyio.Event
) -> Exception | None:
    """Serve until `stop` is set, then end the connections and the server within the graceful timeout.

    Returns:
        The reason when the server ended before that, else None.
    """
    options = app.options
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
        with anyio.move_on_after(_LAST_MARGIN / 2):
            await ended.wait()
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        tasks.start_soon(end)
        await ended.wait()
        tasks.cancel_scope.cancel()
    return failure


def _work(name: str, listener: socket.socket) -> None:
    """Run as one of several workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor too; it sends SIGTERM
    try:
        work(choose(name), from_environment(), listener)
    except (ServerFailed, ValueError) as error:
        sys.exit(f"anysocket: {error}")


class _Supervisor:
    """Starts the workers, passes signals on, and ends all when one ends."""

    def __init__(self, server: Server, options: Options, listener: socket.socket) -> None:
        self._grace = options.graceful_timeout + _LAST_MARGIN
        self._stopping = False
        context = multiprocessing.get_context("spawn")
        self._processes: list[BaseProcess] = [
            context.Process(target=_work, args=(server.name, listener), name=f"{server.name}-{n}")
            for n in range(1, options.workers + 1)
        ]

    def run(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        for process in self._processes:
            process.start()
        wait([process.sentinel for process in self._processes])
        if not self._stopping:
            self._terminate()
        for process in self._processes:
            process.join(self._grace)
            if process.is_alive():
                process.kill()
                process.join()
        if not self._stopping:
            ended = ", ".join(f"{each.name}: {each.exitcode}" for each in self._processes)
            raise ServerFailed(f"a worker ended by itself; exit codes: {ended}")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        self._terminate()

    def _terminate(self) -> None:
        for process in self._processes:
            if process.is_alive():
                process.terminate()
