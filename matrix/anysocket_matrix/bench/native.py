"""The servers' own commands, which serve the apps that don't use anysocket.

Options are as with `anysocket serve` here: no pings, no access log, one worker, the same event loop.
Compression, queue sizes, backlogs and the message size limit are the servers' own defaults, which
the adapters keep: a server that can compress does so for a client that offers it.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence

from anysocket import Support
from anysocket_adapters.options import Loop
from anysocket_matrix.bench.apps import BESIDE, OURS, OVER_RSGI, RAW, RAW_SANSIO, App
from anysocket_matrix.rows.rows import Row

NEVER = "86400"
"""Seconds between pings where they can't be turned off: a day."""


def _uvicorn(implementation: str) -> Callable[[str, int, Loop], Sequence[str]]:
    def command(target: str, port: int, loop: Loop) -> Sequence[str]:
        return (
            *("uvicorn", target, "--host", "127.0.0.1", "--port", str(port), "--loop", loop),
            *("--ws", implementation, "--ws-ping-interval", NEVER),
            *("--no-proxy-headers", "--no-access-log", "--log-level", "warning"),
        )

    return command


def _hypercorn(target: str, port: int, loop: Loop) -> Sequence[str]:
    return ("hypercorn", target, "--bind", f"127.0.0.1:{port}", "-k", loop, "--log-level", "warning")


def _granian(interface: str, *runtime: str) -> Callable[[str, int, Loop], Sequence[str]]:
    def command(target: str, port: int, loop: Loop) -> Sequence[str]:
        return (
            *("granian", target, "--interface", interface, "--host", "127.0.0.1", "--port", str(port)),
            *("--loop", loop, "--workers", "1", *runtime, "--no-access-log", "--log-level", "warning"),
        )

    return command


def _daphne(target: str, port: int, loop: Loop) -> Sequence[str]:
    if loop != "asyncio":
        raise ValueError(f"daphne's own command runs on asyncio, not on {loop}: leave daphne out, or --loop")
    return (
        *("daphne", target, "--bind", "127.0.0.1", "--port", str(port), "--ping-interval", NEVER),
        *("--verbosity", "0"),
    )


_SINGLE = ("--runtime-mode", "st", "--runtime-threads", "1")
_MULTI = ("--runtime-mode", "mt", "--runtime-threads", "2")

COMMANDS: Mapping[str, Callable[[str, int, Loop], Sequence[str]]] = {
    "uvicorn": _uvicorn("anysocket_adapters.uvicorn:UvicornConnection"),
    "uvicorn-sansio": _uvicorn("websockets-sansio"),
    "uvicorn-websockets": _uvicorn("websockets"),
    "uvicorn-wsproto": _uvicorn("wsproto"),
    "hypercorn": _hypercorn,
    "hypercorn-wsproto": _hypercorn,
    "granian": _granian("asgi", *_SINGLE),
    "granian-mt": _granian("asgi", *_MULTI),
    "granian-rsgi": _granian("asgi", *_SINGLE),
    "daphne": _daphne,
}
"""The commands by server. granian's RSGI is compared with a raw ASGI app, anysocket's connection on hypercorn
with hypercorn's own."""

_NEVER_PING = {"uvicorn", "uvicorn-sansio", "uvicorn-websockets", "uvicorn-wsproto", "daphne"}
"""The servers whose own commands can't turn pings off."""


def runs(row: Row, app: App) -> bool:
    """Return whether an app can be served on a row: other frameworks speak ASGI, not RSGI."""
    if app.name == RAW_SANSIO or app in BESIDE:
        return row.server.name == "uvicorn"
    if row.server.plain:
        return app.name not in OVER_RSGI
    return app.name in (RAW, OURS) or (app.name in OVER_RSGI and row.server.name == "granian-rsgi")


def compresses(row: Row) -> bool:
    """Return whether messages are compressed for a client that offers it."""
    return row.capabilities.compression is not Support.ABSENT


def command(row: Row, app: App, port: int) -> Sequence[str]:
    """Return the module and the arguments that serve an app; anysocket's are those of `anysocket serve`.

    So are those of any app on a server without a command here, such as one of another distribution.

    Raises:
        ValueError: the server's own command doesn't support the event loop.
    """
    make = COMMANDS.get(row.server.name)
    if app.name == "socketify":
        return ("anysocket_matrix.bench.apps.frameworks.socketify", str(port))
    if app in BESIDE:
        return ("anysocket_matrix.cost.beside", app.name, str(port), row.loop)
    if app.name in OVER_RSGI:
        return _granian("rsgi", *_SINGLE)(app.target, port, row.loop)
    if app.name == RAW_SANSIO:
        make = COMMANDS["uvicorn-sansio"]
    if app.name != OURS and make is not None:
        return make(app.target, port, row.loop)
    pings = NEVER if row.server.name in _NEVER_PING else "0"
    return (
        *("anysocket_matrix", "serve", app.target, "--server", row.server.name, "--port", str(port)),
        *("--loop", row.loop, "--log-level", "warning", "--graceful-timeout", "1"),
        *(() if make is None else ("--ping-interval", pings)),
    )


def shown(command: Sequence[str]) -> str:
    """Write a command as you would type it; its port varies."""
    return shlex.join(["python", "-m", *command])
