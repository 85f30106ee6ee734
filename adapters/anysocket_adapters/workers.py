"""Serving in processes of our own: one event loop each, ended by signals, none outliving another."""

import asyncio
import multiprocessing
import signal
import socket
import sys
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType

import anyio

from anysocket_adapters.options import Options
from anysocket_adapters.served import Served, from_environment
from anysocket_adapters.server import Server, ServerFailed, servers

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_LAST_MARGIN = 2.0
"""Seconds beyond the graceful timeout after which a worker is killed (contract L2)."""


def run(server: Server, options: Options, listener: socket.socket) -> None:
    """Serve in as many processes as the options ask for, until SIGINT or SIGTERM.

    Raises:
        ServerFailed: the server ended by itself; the message says how.
    """
    if options.workers == 1:
        asyncio.run(work(server, from_environment(), options, listener))
    else:
        _Supervisor(server, options, listener).run()


async def work(server: Server, app: Served, options: Options, listener: socket.socket) -> None:
    """Serve in this event loop until a signal comes, then give the handlers their grace."""
    stop = anyio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    await serve_until(server, app, options, listener, stop)
    await _end_everything()


async def serve_until(
    server: Server, app: Served, options: Options, listener: socket.socket, stop: anyio.Event
) -> None:
    """Serve until `stop` is set, and end the connections that outlast the graceful timeout.

    Raises:
        ServerFailed: the server ended before.
    """
    serving = asyncio.ensure_future(server.serve(app, options, listener, stop))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await asyncio.wait((serving,), timeout=options.graceful_timeout)
            app.cancel_connections()
            await asyncio.wait((serving,), timeout=_LAST_MARGIN / 2)
        if serving.done() or not stop.is_set():
            await serving
    finally:
        stopping.cancel()
        serving.cancel()
    if not stop.is_set():
        raise ServerFailed(f"{server.name} ended by itself: see its log")


async def _end_everything() -> None:
    """Cancel what the server has left in its loop, again and again.

    hypercorn 0.18 takes one cancellation for each thing that it still wants to tell a peer, and
    would wait for ever on a peer that doesn't read; uvicorn's websockets waits ten seconds.
    """
    until = asyncio.get_running_loop().time() + _LAST_MARGIN / 2
    current = asyncio.current_task()
    while (left := asyncio.all_tasks() - {current}) and asyncio.get_running_loop().time() < until:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.05)


def _work(name: str, options: Options, listener: socket.socket) -> None:
    """Be one of several workers."""
    try:
        asyncio.run(work(servers()[name], from_environment(), options, listener))
    except (ServerFailed, ValueError) as error:
        sys.exit(f"anysocket: {error}")


class _Supervisor:
    """Starts the workers, passes signals on, and ends all when one ends."""

    def __init__(self, server: Server, options: Options, listener: socket.socket) -> None:
        self._grace = options.graceful_timeout + _LAST_MARGIN
        self._stopping = False
        context = multiprocessing.get_context("spawn")
        self._processes: list[BaseProcess] = [
            context.Process(target=_work, args=(server.name, options, listener), name=f"{server.name}-{n}")
            for n in range(1, options.workers + 1)
        ]

    def run(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        for process in self._processes:
            process.start()
        wait([process.sentinel for process in self._processes])
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
