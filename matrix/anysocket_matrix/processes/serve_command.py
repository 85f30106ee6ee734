"""`anysocket serve` as a function: prints the address to standard output, or an error to standard error."""

from contextlib import suppress
from typing import Unpack

from anysocket_adapters import Server, ServerFailed
from anysocket_adapters import serve as serve_app
from anysocket_adapters.options import OptionValues
from anysocket_adapters.serving.output import write_at_once


def serve(target: str, server: str | None, **values: Unpack[OptionValues]) -> None:
    """Serve an app, given as module:attribute, until SIGINT or SIGTERM."""
    write_at_once()
    try:
        serve_app(target, server, ready=_say_ready, **values)
    except (ValueError, ServerFailed) as error:
        raise SystemExit(f"anysocket: {error}") from None


def _say_ready(url: str, server: Server) -> None:
    line = f"anysocket: {server.name} {server.version} is ready on {url}\n"
    with suppress(OSError):  # on a full disk, or a closed pipe
        # In one piece, because a server's own threads write to the same output.
        print(line, end="", flush=True)
