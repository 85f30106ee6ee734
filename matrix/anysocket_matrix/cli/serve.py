"""`anysocket serve`."""

from pathlib import Path
from typing import Annotated, cast

import typer

from anysocket_adapters.options import LogLevel, Loop
from anysocket_matrix.processes import serve_command as serving


def serve(
    target: Annotated[str, typer.Argument(metavar="MODULE:APP", help="The app, such as chat:app.")],
    server: Annotated[
        str | None, typer.Option(help="uvicorn, hypercorn, granian, …; the first installed unless given.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    unix_socket: Annotated[
        Path | None, typer.Option(help="Listen on this path instead of host and port.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that share the address.")] = 1,
    loop: Annotated[str, typer.Option(help="Each worker's event loop: asyncio, uvloop or trio.")] = "asyncio",
    normalise: Annotated[
        bool, typer.Option("--normalise", help="Wrap an app of another framework in normalise.")
    ] = False,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file with the certificate chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file with the private key.")] = None,
    max_message_size: Annotated[
        int | None, typer.Option(help="Bytes; above it the peer sees 1009 [the app's, or 16 MiB].")
    ] = None,
    ping_interval: Annotated[float | None, typer.Option(help="Seconds between pings; 0 sends none.")] = None,
    ping_timeout: Annotated[float | None, typer.Option(help="Seconds to wait for a pong.")] = None,
    compression: Annotated[bool | None, typer.Option(help="Offer permessage-deflate or not.")] = None,
    root_path: Annotated[str, typer.Option(help="Where a proxy mounts the app, such as /api.")] = "",
    log_level: Annotated[str, typer.Option(help="critical, error, warning, info or debug.")] = "info",
    access_log: Annotated[bool, typer.Option("--access-log", help="Log each request.")] = False,
    graceful_timeout: Annotated[
        float, typer.Option(help="Seconds that handlers have to end after SIGTERM or SIGINT.")
    ] = 10.0,
) -> None:
    """Serve an app on an installed server.

    The options mean the same on every server. One that a server can't honour is refused, with
    the names of those that can. One line on standard output tells when it is truly ready:

        anysocket: granian 2.8.7 is ready on ws://127.0.0.1:8000
    """
    serving.serve(
        target,
        server,
        host=host,
        port=port,
        unix_socket=unix_socket,
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
        graceful_timeout=graceful_timeout,
    )
