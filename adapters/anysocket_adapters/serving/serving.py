"""Serve an app on a server chosen by name: until a signal, or for the length of a `with` block."""

import secrets
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Unpack

import anyio
import anyio.to_thread

from anysocket.asgi import ASGIApp
from anysocket_adapters import loops
from anysocket_adapters.options import Options, OptionValues
from anysocket_adapters.registry import check, choose
from anysocket_adapters.server import RunsItsWorkers, Server
from anysocket_adapters.serving import listener as listening
from anysocket_adapters.serving import workers
from anysocket_adapters.serving.ready import Probe
from anysocket_adapters.serving.served_app import ServedApp, from_environment, load, to_environment
from anysocket_adapters.serving.supervisor import Supervisor


def serve(
    app: str | ASGIApp,
    server: str | None = None,
    *,
    ready: Callable[[str, Server], None] | None = None,
    **values: Unpack[OptionValues],
) -> None:
    """Serve an app until SIGINT or SIGTERM.

    Args:
        app: `module:attribute`, or the app itself, which only one worker can serve.
        server: the server's name, such as "granian"; without one, the first that is installed.
        ready: called with the real URL once the server answers, in a thread of its own.
        values: how to serve, as in `Options`.

    Raises:
        ValueError: the server, the app, the address or an option isn't available; the message says why.
        ServerFailed: the server ended by itself.
    """
    options = Options(**values)
    chosen = choose(server)
    # The app is loaded here already, so that an error in it is reported once and not by every worker.
    check(chosen, load(app, factory=options.factory) if isinstance(app, str) else app, options)
    if not isinstance(app, str) and options.workers > 1:
        raise ValueError(
            "several workers need the app as module:attribute: an object can't be passed to other processes"
        )
    token = secrets.token_hex(16)
    with listening.bind(options) as listener:
        probe = Probe(listener, tls=options.tls_certificate is not None, token=token)
        if ready is not None:
            _announce(probe, ready, listening.url(listener, options), chosen)
        try:
            if isinstance(app, str):
                to_environment(app, token, options)
                if isinstance(chosen, RunsItsWorkers):
                    chosen.run(options, listener)
                elif options.workers > 1:
                    Supervisor(chosen, options, listener).run()
                else:
                    workers.work(chosen, from_environment(), listener)
            else:
                workers.work(chosen, ServedApp(app, token, options), listener)
        finally:
            probe.cancelled = True
            if options.unix_socket is not None:
                options.unix_socket.unlink(missing_ok=True)


def _announce(probe: Probe, ready: Callable[[str, Server], None], url: str, server: Server) -> None:
    def announce() -> None:
        if probe.wait():
            ready(url, server)

    threading.Thread(target=announce, name="anysocket-ready", daemon=True).start()


@asynccontextmanager
async def running(
    app: ASGIApp, server: str | None = None, **values: Unpack[OptionValues]
) -> AsyncGenerator[str, None]:
    """Run an app on a real server in this event loop, on a free port, and give its URL.

        async with running(app, "granian") as url:
            ...  # connect to f"{url}/echo"

    Args:
        app: the app itself.
        server: the server's name; without one, the first that is installed.
        values: how to serve, as in `Options`, with these defaults of its own: port 0, log level
            warning, graceful timeout 1.

    Raises:
        ValueError: the server, the address or an option isn't available; the message says why.
        ServerFailed: the server ended by itself.
    """
    wanted = OptionValues(loop=loops.current(), port=0, log_level="warning", graceful_timeout=1.0)
    wanted.update(values)
    options = Options(**wanted)
    if options.workers > 1:
        raise ValueError("running serves in this process: several workers need serve")
    chosen = choose(server)
    check(chosen, app, options)
    token = secrets.token_hex(16)
    stop = anyio.Event()
    failures: list[Exception] = []
    with listening.bind(options) as listener:
        url = listening.url(listener, options)
        probe = Probe(listener, tls=options.tls_certificate is not None, token=token)
        served = ServedApp(app, token, options)

        async def serve_until_stopped() -> None:
            failure = await workers.serve_until(chosen, served, listener, stop)
            if failure is not None:
                failures.append(failure)
            probe.cancelled = True

        # A failure is kept and raised as it is: a task group would wrap it in a group.
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve_until_stopped)
            try:
                if await anyio.to_thread.run_sync(probe.wait):
                    yield url
            except Exception as error:
                failures.insert(0, error)
            finally:
                probe.cancelled = True
                stop.set()
                if options.unix_socket is not None:
                    options.unix_socket.unlink(missing_ok=True)
    if failures:
        raise failures[0]
