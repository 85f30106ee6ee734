"""hypercorn on asyncio, uvloop and trio: how to serve on it, and which transport a connection gets."""

from socket import socket

from anyio import Event

from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket.transport import Transport
from anysocket_adapters import loops
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.hypercorn.http2 import HypercornHTTP2Transport, is_http2
from anysocket_adapters.hypercorn.stream import STREAM, is_stream
from anysocket_adapters.hypercorn.transport import HypercornTransport, UnrepairedTransport
from anysocket_adapters.hypercorn.trio import TRIO_STREAM, WritesInAnotherTask
from anysocket_adapters.hypercorn.worker import serve_worker
from anysocket_adapters.options import Loop, Options
from anysocket_adapters.server import Server, ServerFailed


def connect(scope: Scope, receive: Receive, send: Send) -> ASGITransport:
    """Choose the transport by the version of HTTP; the specification's for an unknown stream."""
    stream: object = getattr(send, "__self__", None)
    if not is_stream(stream):
        STREAM.apply(stream)  # which warns
        return UnrepairedTransport(scope, receive, send)
    http2: object = getattr(getattr(stream, "send", None), "__self__", None)
    if is_http2(http2):
        STREAM.apply(stream)
        return HypercornHTTP2Transport(scope, receive, send, stream, http2)
    if not isinstance(stream, WritesInAnotherTask) and loops.current() == "trio":
        TRIO_STREAM.apply(stream)  # which `anysocket serve` has done before
    STREAM.apply(stream)
    return HypercornTransport(scope, receive, send, stream)


class Hypercorn(Server):
    """hypercorn, of which anysocket runs the workers."""

    name = "hypercorn"
    distribution = "hypercorn"
    transport: type[Transport] = HypercornTransport
    http2: type[ASGITransport] | None = HypercornHTTP2Transport
    loops: tuple[Loop, ...] = ("asyncio", "uvloop", "trio")

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
            await serve_worker(app, config, options, listener, stop.wait)
        except* (LifespanFailureError, LifespanTimeoutError) as errors:
            failures.extend(errors.exceptions)
        if failures:
            raise ServerFailed(f"hypercorn couldn't start or stop: {failures[0]}")


hypercorn: Server = Hypercorn()
