"""Serving on hypercorn: in a loop of ours, so that we make its connections."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from socket import socket
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from anysocket.asgi import ASGIApp
from anysocket_adapters import loops
from anysocket_adapters.hypercorn import accepting, trio
from anysocket_adapters.hypercorn.application import ServedByHypercorn
from anysocket_adapters.hypercorn.context import CONTEXT, TRIO_CONTEXT, LetsApplicationsBegin
from anysocket_adapters.hypercorn.http2 import HTTP2
from anysocket_adapters.hypercorn.native import HypercornConnection, settings
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.repair import Repairs
from anysocket_adapters.repairs.versions import installed_at_least

if TYPE_CHECKING:
    from hypercorn.asyncio.lifespan import Lifespan as AsyncioLifespan
    from hypercorn.asyncio.tcp_server import TCPServer
    from hypercorn.config import Config
    from hypercorn.events import Event
    from hypercorn.trio.lifespan import Lifespan as TrioLifespan
else:
    TCPServer = object

_log = logging.getLogger("anysocket")

Made = TypeVar("Made")

SERVER = Repairs("hypercorn", "hypercorn.asyncio.tcp_server:TCPServer")
TRIO_SERVER = Repairs("hypercorn", "hypercorn.trio.tcp_server:TCPServer")


@TRIO_SERVER.repair(needs=("run",), keeps=("early_message",))
@SERVER.repair(needs=("run",), keeps=("early_message",))
class FailsAlone(TCPServer):
    """On trio an exception in one connection ends the worker, and a peer can cause one.

    Without it hypercorn's own loop serves, in which the worker's context isn't repaired either.
    """

    async def run(self) -> None:
        try:
            await super().run()
        except Exception:
            _log.exception("a connection failed")


@TRIO_SERVER.repair(needs=("protocol", "protocol_send"))
@SERVER.repair(needs=("protocol", "protocol_send"))
class RepairsHTTP2(TCPServer):
    """Repair an HTTP/2 connection when it sends its SETTINGS, before it reads anything of the peer's."""

    _known: object = None
    """The protocol that sent last: HTTP/1.1 may give way to HTTP/2."""

    async def protocol_send(self, event: "Event") -> None:
        protocol: object = getattr(self.protocol, "protocol", None)
        if protocol is not self._known:
            self._known = protocol
            if HTTP2.fits(protocol):
                HTTP2.apply(protocol)
        await super().protocol_send(event)


@SERVER.repair(
    needs=("protocol", "protocol_send", "writer", "hypercorn.events:Closed", "hypercorn.events:RawData")
)
class WritesToNobody(TCPServer):
    """Write nothing to a peer that has left: asyncio logs a line for each such write."""

    async def protocol_send(self, event: "Event") -> None:
        if self.writer.is_closing():
            from hypercorn.events import Closed, RawData

            if isinstance(event, RawData):
                await self.protocol.handle(Closed())
                return
        await super().protocol_send(event)


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
    make, make_context = _subclass(servers, FailsAlone), _subclass(contexts, LetsApplicationsBegin)
    state = dict[str, object]()
    served = ServedByHypercorn(app, state, options)
    if make is None or make_context is None:
        config.bind = [f"fd://{os.dup(listener.fileno())}"]  # hypercorn closes what it is given
        await import_module(package).serve(served, config, shutdown_trigger=stop, mode="asgi")
        return
    context, tls = make_context(None), config.create_ssl_context()
    loop = () if on_trio else (asyncio.get_running_loop(),)
    own_state = (state,) if installed_at_least("hypercorn", "0.17") else ()

    async def connected(*streams: object) -> None:
        await make(served, *loop, config, context, *own_state, *streams)

    async def announce_and_stop() -> None:
        from hypercorn.utils import repr_socket_addr  # pyright: ignore[reportUnknownVariableType]

        address = repr_socket_addr(listener.family, listener.getsockname())
        await config.log.info(f"Running on http{'s' if tls else ''}://{address} (CTRL + C to quit)")
        await stop()
        await context.stop()

    async with _alive(import_module(f"{package}.lifespan").Lifespan(served, config, *loop, *own_state)):
        if on_trio:
            await trio.accept_connections(connected, config, listener.dup(), tls, announce_and_stop)
            return
        connections = accepting.Connections(connected)
        protocol: Callable[[], asyncio.Protocol] = connections.protocol
        if native:
            own = settings(config, options)
            protocol = partial(HypercornConnection, app, state, own, config, connections)
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
