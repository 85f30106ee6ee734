"""How to serve on granian: in this event loop, or in workers that granian starts."""

import math
import multiprocessing
from collections.abc import Callable, Mapping
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, TypedDict

from anyio import Event

from anysocket.asgi import ASGIApp
from anysocket.transport import Transport
from anysocket_adapters.granian.rsgi import RSGITransport
from anysocket_adapters.granian.rsgi_app import RSGIApplication
from anysocket_adapters.granian.transport import GranianTransport
from anysocket_adapters.options import OptionName, Options
from anysocket_adapters.server import RunsItsWorkers, Server, when_set

if TYPE_CHECKING:
    from granian.constants import SSLProtocols
    from granian.log import LogLevels


class Granian(RunsItsWorkers):
    """granian over ASGI, on its single- or its multi-threaded runtime."""

    distribution = "granian"
    transport: type[Transport] = GranianTransport
    interface = "asgi"

    def __init__(self, name: str, *, threads: int = 1) -> None:
        self.name = name
        self.threads = threads
        """Threads of the Rust side; handlers run in one thread all the same."""

    def refuses(self, options: Options) -> Mapping[OptionName, str]:
        refused = dict[OptionName, str]()
        if options.max_message_size is not None:
            refused["max_message_size"] = "has no limit that can be set"
        if options.ping_interval:
            refused["ping_interval"] = "sends no pings"
        if options.ping_timeout is not None:
            refused["ping_timeout"] = "sends no pings"
        if options.compression:
            refused["compression"] = "doesn't compress"
        return refused

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        await self._serve_target(app, options, listener, stop)

    async def _serve_target(self, target: object, options: Options, listener: socket, stop: Event) -> None:
        from granian.constants import Interfaces
        from granian.server.embed import Server as EmbeddedServer

        settings = _settings(options, listener)
        interface = Interfaces(self.interface)
        server = EmbeddedServer(target, interface=interface, runtime_threads=self.threads, **settings)

        async with when_set(stop, server.stop):
            await server.serve()

    def worker_loader(self) -> Callable[[], Callable[..., object]]:
        """Give what a worker calls to make its target."""
        from anysocket_adapters.granian.worker import load_asgi

        return load_asgi

    def run(self, options: Options, listener: socket) -> None:
        from granian import Granian as GranianServer
        from granian.constants import Interfaces, Loops, RuntimeModes

        # A process with threads mustn't be forked.
        multiprocessing.set_start_method("spawn", force=True)
        GranianServer(
            "anysocket",  # a name for the log: the loader knows what to serve
            interface=Interfaces(self.interface),
            workers=options.workers,
            respawn_failed_workers=True,
            # A worker drains by itself; it is killed only after that.
            workers_kill_timeout=math.ceil(options.graceful_timeout + 1),
            loop=Loops(options.loop),
            runtime_mode=RuntimeModes.mt if self.threads > 1 else RuntimeModes.st,
            runtime_threads=self.threads,
            uds_permissions=options.unix_socket_mode if options.unix_socket is not None else None,
            **_settings(options, listener),
        ).serve(target_loader=self.worker_loader(), wrap_loader=False)


class GranianRSGI(Granian):
    """granian over RSGI."""

    transport: type[Transport] = RSGITransport
    plain = False
    interface = "rsgi"

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        application = RSGIApplication(app, options.root_path)
        await application.lifespan.startup()
        try:
            await self._serve_target(application, options, listener, stop)
        finally:
            await application.lifespan.shutdown()

    def worker_loader(self) -> Callable[[], Callable[..., object]]:
        from anysocket_adapters.granian.worker import load_rsgi

        return load_rsgi


class _Settings(TypedDict):
    """Parameters of both of granian's servers."""

    address: str
    port: int
    uds: Path | None
    log_level: "LogLevels"
    log_access: bool
    ssl_cert: Path | None
    ssl_key: Path | None
    ssl_protocol_min: "SSLProtocols"
    url_path_prefix: str | None


def _settings(options: Options, listener: socket) -> _Settings:
    """Translate the options. granian binds the address itself, so the listener is closed."""
    from granian.constants import SSLProtocols
    from granian.log import LogLevels

    port = options.port if options.unix_socket is not None else listener.getsockname()[1]
    listener.close()
    if options.unix_socket is not None:
        options.unix_socket.unlink()
    return _Settings(
        address=options.host,
        port=port,
        uds=options.unix_socket,
        log_level=LogLevels(options.log_level),
        log_access=options.access_log,
        ssl_cert=options.tls_certificate,
        ssl_key=options.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        url_path_prefix=options.root_path or None,
    )


granian: Server = Granian("granian")
granian_mt: Server = Granian("granian-mt", threads=2)
granian_rsgi: Server = GranianRSGI("granian-rsgi")
