"""hypercorn on asyncio, uvloop and trio: how to serve on it, and which transport a connection gets."""

import os
from socket import socket

from anyio import Event

from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket.transport import Transport
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.hypercorn.http2 import HypercornHTTP2Transport, as_http2
from anysocket_adapters.hypercorn.stream import HypercornTransport, as_stream
from anysocket_adapters.hypercorn.trio import let_sends_be_cancelled
from anysocket_adapters.hypercorn.worker import serve
from anysocket_adapters.options import Loop, Options
from anysocket_adapters.repairs.versions import unknown
from anysocket_adapters.server import Server, ServerFailed


def connect(scope: Scope, receive: Receive, send: Send) -> ASGITransport:
    """Choose the transport by the version of HTTP; the specification's for a stream that looks different."""
    stream = as_stream(getattr(send, "__self__", None))
    if stream is None:
        unknown("hypercorn", "what is repaired on each WebSocket")
        return ASGITransport(scope, receive, send)
    if scope.get("http_version") == "2":
        http2 = as_http2(getattr(stream.send, "__self__", None))
        if http2 is not None:
            return HypercornHTTP2Transport(scope, receive, send, stream, http2)
        unknown("hypercorn", "what is repaired over HTTP/2")
    let_sends_be_cancelled(stream)
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
        config.bind = [f"fd://{os.dup(listener.fileno())}"]  # hypercorn closes what it is given
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
            await serve(app, config, options, stop.wait)
        except* (LifespanFailureError, LifespanTimeoutError) as errors:
            failures.extend(errors.exceptions)
        if failures:
            raise ServerFailed(f"hypercorn couldn't start or stop: {failures[0]}")


hypercorn: Server = Hypercorn()
