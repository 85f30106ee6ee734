"""`anysocket serve`."""

from pathlib import Path
from typing import Annotated, cast

import typer
from typer.models import OptionInfo

from anysocket_adapters.options import LogLevel, Loop
from anysocket_matrix.processes import serve_command as serving
from anysocket_protocol.settings import DEFAULT_LIMITS


def _limit(name: str, says: str) -> OptionInfo:
    """Make the option of a limit that only anysocket's own connection keeps."""
    default = getattr(DEFAULT_LIMITS, name)
    shown = "none" if default is None else str(default)
    return cast("OptionInfo", typer.Option(help=says, show_default=shown))


def _octal(digits: str) -> int:
    try:
        return int(digits, 8)
    except ValueError:
        raise typer.BadParameter(f"{digits!r} isn't octal, such as 660") from None


def serve(
    target: Annotated[str, typer.Argument(metavar="MODULE:APP", help="The app, such as chat:app.")],
    server: Annotated[
        str | None, typer.Option(help="uvicorn, hypercorn, granian, …; default: the first that is installed.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    unix_socket: Annotated[
        Path | None, typer.Option(help="Listen on this path instead of host and port.")
    ] = None,
    unix_socket_mode: Annotated[
        str, typer.Option(help="The permissions of the Unix socket, in octal digits.")
    ] = "666",
    factory: Annotated[
        bool, typer.Option("--factory", help="Call MODULE:APP without arguments to make the app.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that share the address.")] = 1,
    loop: Annotated[str, typer.Option(help="Each worker's event loop: asyncio, uvloop or trio.")] = "asyncio",
    normalise: Annotated[
        bool, typer.Option("--normalise", help="Wrap another framework's app in normalise.")
    ] = False,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="A PEM file with the certificate chain.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="A PEM file with the private key.")] = None,
    max_message_size: Annotated[
        int | None,
        typer.Option(help="Bytes in one message; above it the peer sees 1009 [the app's limit, or 16 MiB]."),
    ] = None,
    ping_interval: Annotated[float | None, typer.Option(help="Seconds between pings; 0 sends none.")] = None,
    ping_timeout: Annotated[float | None, typer.Option(help="Seconds to wait for a pong.")] = None,
    compression: Annotated[bool | None, typer.Option(help="Whether to offer permessage-deflate.")] = None,
    root_path: Annotated[
        str, typer.Option(help="The path at which a proxy mounts the app, such as /api.")
    ] = "",
    log_level: Annotated[str, typer.Option(help="critical, error, warning, info or debug.")] = "info",
    access_log: Annotated[bool, typer.Option("--access-log", help="Log each request.")] = False,
    log_queries: Annotated[
        bool, typer.Option("--log-queries", help="Log the values of query strings, such as tokens.")
    ] = False,
    graceful_timeout: Annotated[
        float, typer.Option(help="Seconds that handlers have to end after SIGTERM or SIGINT.")
    ] = 10.0,
    max_frames: Annotated[
        int | None, _limit("max_frames", "Frames in one message; above it the peer sees 1009.")
    ] = None,
    max_header_size: Annotated[
        int | None, _limit("max_header_size", "Bytes in the head of a request; above it 431.")
    ] = None,
    max_header_lines: Annotated[
        int | None, _limit("max_header_lines", "Header lines of a request; above it 431.")
    ] = None,
    handshake_timeout: Annotated[
        float | None, _limit("handshake_timeout", "Seconds for the head of a request to come; then 408.")
    ] = None,
    burst: Annotated[
        int | None,
        _limit("burst", "Frames read of a connection, and messages sent, before others have their turn."),
    ] = None,
    burst_size: Annotated[int | None, _limit("burst_size", "The same in bytes.")] = None,
    max_unread: Annotated[
        int | None,
        _limit("max_unread", "Messages that the handler hasn't received before the peer waits."),
    ] = None,
    max_unread_size: Annotated[int | None, _limit("max_unread_size", "The same in bytes.")] = None,
    max_rate: Annotated[
        int | None, _limit("max_rate", "Messages from a peer within a second; above it 1008.")
    ] = None,
    max_rate_size: Annotated[int | None, _limit("max_rate_size", "The same in bytes.")] = None,
    idle_timeout: Annotated[
        float | None, _limit("idle_timeout", "Seconds without a message from the peer; then 1001.")
    ] = None,
    max_lifetime: Annotated[
        float | None, _limit("max_lifetime", "Seconds that a connection is open at most; then 1001.")
    ] = None,
    max_connections: Annotated[
        int | None, typer.Option(help="WebSockets of one worker; above it 503.", show_default="none")
    ] = None,
    max_connections_per_address: Annotated[
        int | None, typer.Option(help="The same from one address.", show_default="none")
    ] = None,
) -> None:
    """Serve an app on an installed server.

    The options mean the same on every server. If a server can't honour an option, it is refused and
    the message names the servers that can. One line on standard output says when the server is ready:

        anysocket: granian 2.8.7 is ready on ws://127.0.0.1:8000
    """
    serving.serve(
        target,
        server,
        host=host,
        port=port,
        unix_socket=unix_socket,
        unix_socket_mode=_octal(unix_socket_mode),
        factory=factory,
        workers=workers,
        loop=cast("Loop", loop),  # Options refuses any other
        normalise=normalise,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        max_message_size=max_message_size,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
        compression=compression,
        root_path=root_path,
        log_level=cast("LogLevel", log_level),  # Options refuses any other
        access_log=access_log,
        log_queries=log_queries,
        graceful_timeout=graceful_timeout,
        max_frames=max_frames,
        max_header_size=max_header_size,
        max_header_lines=max_header_lines,
        handshake_timeout=handshake_timeout,
        burst=burst,
        burst_size=burst_size,
        max_unread=max_unread,
        max_unread_size=max_unread_size,
        max_rate=max_rate,
        max_rate_size=max_rate_size,
        idle_timeout=idle_timeout,
        max_lifetime=max_lifetime,
        max_connections=max_connections,
        max_connections_per_address=max_connections_per_address,
    )
