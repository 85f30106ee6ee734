"""hypercorn: how to serve on it, and which transport its connections have."""

from socket import socket
from typing import TYPE_CHECKING, cast

from anyio import Event

from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket.transport import Transport
from anysocket_adapters import loops
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.hypercorn.http2 import HypercornHTTP2Transport
from anysocket_adapters.hypercorn.native import HypercornNativeTransport
from anysocket_adapters.hypercorn.stream import STREAM, HypercornTransport
from anysocket_adapters.hypercorn.trio import TRIO_STREAM, WritesInAnotherTask
from anysocket_adapters.hypercorn.worker import serve_worker
from anysocket_adapters.options import Loop, Options
from anysocket_adapters.server import Server, ServerFailed

if TYPE_CHECKING:
    from hypercorn.protocol.ws_stream import WSStream


def connect(scope: Scope, receive: Receive, send: Send) -> ASGITransport:
    """Choose the transport by the version of HTTP."""
    stream = cast("WSStream", getattr(send, "__self__", None))
    STREAM.apply(stream)
    if scope.get("http_version") == "2":
        return HypercornHTTP2Transport(scope, receive, send, stream)
    if loops.current() == "trio" and not isinstance(stream, WritesInAnotherTask):
        TRIO_STREAM.apply(stream)
    return HypercornTransport(scope, receive, send, stream)


class Hypercorn(Server):
    """hypercorn, of which anysocket runs the workers."""

    distribution = "hypercorn"
    http2: type[ASGITransport] | None = HypercornHTTP2Transport

    def __init__(self, name: str, transport: type[Transport], loops: tuple[Loop, ...]) -> None:
        self.name = name
        self.transport: type[Transport] = transport
        self.loops: tuple[Loop, ...] = loops
        self.keeps_limits: bool = transport is HypercornNativeTransport

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        from hypercorn.config import Config
        from hypercorn.utils import LifespanFailureError, LifespanTimeoutError

        config = Config()
        config.root_path = options.root_path
        config.loglevel = options.log_level
        config.errorlog = "-"
        config.accesslog = "-" if options.access_log else None
        config.graceful_timeout = options.graceful_timeout
        config.websocket_ping_interval = options.ping_interval or None
        if options.tls_certificate is not None:
            config.certfile = str(options.tls_certificate)
            config.keyfile = str(options.tls_key)
        if options.max_message_size is not None:
            config.websocket_max_message_size = options.max_message_size
        failures = list[BaseException]()
        try:
            await serve_worker(app, config, options, listener, stop.wait, native=self.keeps_limits)
        except* (LifespanFailureError, LifespanTimeoutError) as errors:
            failures.extend(errors.exceptions)
        if failures:
            raise ServerFailed(f"hypercorn couldn't start or stop: {failures[0]}")


hypercorn: Server = Hypercorn("hypercorn", HypercornNativeTransport, ("asyncio", "uvloop"))
hypercorn_wsproto: Server = Hypercorn("hypercorn-wsproto", HypercornTransport, ("asyncio", "uvloop", "trio"))
