"""hypercorn's worker on connections of our own: what no application can repair from within.

What differs from the contract, as of 0.18 (https://github.com/pgjones/hypercorn):

- On trio an exception in one connection ends the worker, and a peer can cause one.
- What a peer sends in the packet of its handshake is looked at before the application begins.
- A connection is never let go whose application ended with more to receive than its queue holds.
- Pings have no timeout, and permessage-deflate is always offered.
- 0.16 has no lifespan state.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import anyio
from anyio.lowlevel import checkpoint

from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send
from anysocket_adapters import loops
from anysocket_adapters.hypercorn.http2 import as_http2, guard, send_buffer
from anysocket_adapters.hypercorn.pings import Pings
from anysocket_adapters.hypercorn.stream import as_stream, unread
from anysocket_adapters.hypercorn.trio import let_sends_be_cancelled
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.known import once_for_each_class
from anysocket_adapters.repairs.versions import unknown

if TYPE_CHECKING:
    from hypercorn.config import Config
    from hypercorn.events import Event
    from hypercorn.typing import ASGIFramework

_log = logging.getLogger("anysocket")

_EARLY_REPAIRS = "what is repaired before an application begins"

PING_TIMEOUT = 20.0
"""Seconds to wait for a pong, unless set; as uvicorn's."""


@runtime_checkable
class _TaskGroup(Protocol):
    spawn_app: Callable[[ASGIApp, "Config", Scope, Send], Awaitable[Send]]
    spawn: Callable[..., None]


_as_task_group: Callable[[object], _TaskGroup | None] = once_for_each_class(
    lambda found: found if isinstance(found, _TaskGroup) else None
)


class _ProtocolWrapper(Protocol):
    protocol: object

    async def handle(self, event: "Event") -> None: ...


class _TCPServer(Protocol):
    """What is used of hypercorn's `TCPServer`, one object per connection."""

    protocol: _ProtocolWrapper
    _read_data: Callable[[], Awaitable[None]]

    async def run(self) -> None: ...

    async def protocol_send(self, event: "Event") -> None: ...


class _OnAsyncio(Protocol):
    writer: asyncio.StreamWriter


class _TrioStream(Protocol):
    async def aclose(self) -> None: ...


class _OnTrio(Protocol):
    stream: _TrioStream


@runtime_checkable
class _Stream(Protocol):
    """What is used of hypercorn's streams, WebSocket or not."""

    app_put: Send


_as_any_stream: Callable[[object], _Stream | None] = once_for_each_class(
    lambda found: found if isinstance(found, _Stream) else None
)


class _WorkerServe(Protocol):
    async def __call__(
        self, app: object, config: "Config", *, shutdown_trigger: Callable[[], Awaitable[None]]
    ) -> None: ...


async def serve(
    app: ASGIApp, config: "Config", options: Options, stop: Callable[[], Awaitable[None]]
) -> None:
    """Serve until `stop` returns."""
    from hypercorn.app_wrappers import ASGIWrapper

    loop = "trio" if loops.current() == "trio" else "asyncio"
    worker_serve: FunctionType = import_module(f"hypercorn.{loop}.run").worker_serve
    tcp_server: Callable[..., _TCPServer] | None = worker_serve.__globals__.get("TCPServer")
    if tcp_server is None:
        unknown("hypercorn", _EARLY_REPAIRS)
    else:
        worker_serve = _with(worker_serve, TCPServer=_guarded(tcp_server, options))
    serving = cast("_WorkerServe", worker_serve)(
        ASGIWrapper(cast("ASGIFramework", _ending(app))), config, shutdown_trigger=stop
    )
    await serving


def _with(function: FunctionType, **values: object) -> FunctionType:
    """Copy a function of hypercorn's, to see other globals than it does; nobody else's change."""
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **values},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _guarded(tcp_server: Callable[..., _TCPServer], options: Options) -> Callable[..., Awaitable[None]]:
    """Make connections of hypercorn's that end alone, and are prepared before anything is read."""

    def connection(*arguments: object) -> Awaitable[None]:
        server = tcp_server(*arguments)
        if hasattr(server, "_read_data"):
            server._read_data = partial(_read, server, server._read_data, options)  # pyright: ignore[reportPrivateUsage]
        else:
            unknown("hypercorn", _EARLY_REPAIRS)
        return _alone(server)

    return connection


async def _alone(server: _TCPServer) -> None:
    try:
        await server.run()
    except Exception:
        _log.exception("a connection failed")


async def _read(server: _TCPServer, read_data: Callable[[], Awaitable[None]], options: Options) -> None:
    """Read until the end, and tell the handlers of it when the reading fails, instead of cancelling them."""
    _prepare(server, options)
    try:
        await read_data()
    except Exception:
        from hypercorn.events import Closed

        _log.exception("a connection failed")
        await server.protocol_send(Closed())
        await server.protocol.handle(Closed())


def _prepare(server: _TCPServer, options: Options) -> None:
    """Reach each stream of a connection before its application does."""
    wrapper = server.protocol
    task_group = _as_task_group(getattr(wrapper, "task_group", None))
    if task_group is None:
        unknown("hypercorn", _EARLY_REPAIRS)
        return
    spawn, spawn_app = task_group.spawn, task_group.spawn_app
    if (protocol := as_http2(wrapper.protocol)) is not None:
        guard(protocol)

    # Quoted, since it would be evaluated for each connection.
    def spawning(function: "Callable[..., object]", *arguments: object) -> None:
        http2 = as_http2(getattr(function, "__self__", None))
        if http2 is not None:  # its sending task: the client begins with HTTP/2, without TLS
            guard(http2)
        spawn(function, *arguments)

    async def spawning_app(app: ASGIApp, config: "Config", scope: Scope, send: Send) -> Send:
        stream = as_stream(getattr(send, "__self__", None))
        put = await spawn_app(app, config, scope, send)
        if stream is None:
            return put
        if options.compression is False:
            stream.handshake.extensions = None
        if options.ping_interval:
            Pings(stream, options.ping_interval, options.ping_timeout or PING_TIMEOUT, partial(_cut, server))
        http2 = as_http2(getattr(stream.send, "__self__", None))
        if http2 is not None:
            send_buffer(http2, stream.stream_id)
        else:
            let_sends_be_cancelled(stream)
        stream.app_put = put
        for _ in range(2):  # trio may run this task first, once
            await checkpoint()
        return stream.app_put

    task_group.spawn = spawning
    task_group.spawn_app = spawning_app


async def _cut(server: _TCPServer) -> None:
    """End a TCP connection at once."""
    if loops.current() == "trio":
        with anyio.CancelScope() as scope:
            scope.cancel()
            await cast("_OnTrio", server).stream.aclose()
    else:
        cast("_OnAsyncio", server).writer.transport.abort()


def _ending(app: ASGIApp) -> ASGIApp:
    """Let a connection go when its application ends, and whatever it raises, go on serving."""
    state: dict[str, object] = {}

    async def ending(scope: Scope, receive: Receive, send: Send) -> None:
        lifespan = scope["type"] == "lifespan"
        scope.setdefault("state", state if lifespan else state.copy())
        try:
            await app(scope, receive, send)
        except BaseException as error:
            if not isinstance(error, Exception) and (lifespan or not _is_exit(error)):
                raise
            await _let_go(receive, send)
            if isinstance(error, Exception):
                raise
            raise RuntimeError(f"the application raised {error!r}") from error
        await _let_go(receive, send)

    return ending


def _is_exit(error: BaseException) -> bool:
    """Whether this is neither an error nor a cancellation, or has such a one among its exceptions."""
    match error:
        case BaseExceptionGroup(exceptions=errors):
            return any(map(_is_exit, errors))
        case _:
            return not isinstance(error, (Exception, GeneratorExit, anyio.get_cancelled_exc_class()))


async def _let_go(receive: Receive, send: Send) -> None:
    """Take what nobody receives any more, so that whoever brings it doesn't wait for ever."""
    stream = _as_any_stream(getattr(send, "__self__", None))
    if stream is not None:
        stream.app_put = _nowhere
        while unread(receive):
            await receive()
            await checkpoint()  # the next one may have been waiting


async def _nowhere(event: ASGIEvent) -> None:
    pass
