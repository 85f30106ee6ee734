"""The registered servers: list them, and choose one for an app and its options."""

import logging
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from anysocket import Application
from anysocket.asgi import ASGIApp
from anysocket.session.websocket import MAX_MESSAGE_SIZE
from anysocket_adapters import loops
from anysocket_adapters.normalise import Normalised
from anysocket_adapters.options import LIMITS, Options
from anysocket_adapters.server import Server

_log = logging.getLogger("anysocket")

GROUP = "anysocket.servers"

unloadable: dict[str, str] = {}
"""The registered servers whose import has failed, by name, with the reason."""


@cache
def servers() -> Mapping[str, Server]:
    """Give all registered servers by name, installed or not. A server that can't be imported is left out."""
    loaded = {each.name: _load(each) for each in entry_points(group=GROUP)}
    return {name: server for name, server in sorted(loaded.items()) if server is not None}


@cache
def _load(entry_point: EntryPoint) -> Server | None:
    """Import a registered server. If that fails, warn, keep the reason in `unloadable`, and give None."""
    try:
        server: Server = entry_point.load()
    except Exception as error:
        unloadable[entry_point.name] = f"{entry_point.value}: {type(error).__name__}: {error}"
        warnings.warn(f"{entry_point.name} can't be loaded from {unloadable[entry_point.name]}", stacklevel=1)
        return None
    return server


def choose(name: str | None) -> Server:
    """Find a server by name without importing the others; without a name, the first that is installed.

    Raises:
        ValueError: there is no such server, or it isn't installed. The message names the servers to
            choose from, or the command that installs this one.
    """
    if name is None:
        installed = (server for server in servers().values() if server.version)
        if (first := next(installed, None)) is None:
            raise ValueError("no server is installed: pip install 'anysocket[uvicorn]'")
        return first
    registered = [_load(each) for each in entry_points(group=GROUP, name=name)]
    if not registered:
        raise ValueError(f"there is no server {name!r}: choose one of {', '.join(servers())}")
    server = registered[-1]
    if server is None:
        raise ValueError(f"{name} can't be loaded from {unloadable[name]}")
    if server.version is None:
        raise ValueError(f"{name} isn't installed: {server.install_command}")
    return server


def check(server: Server, app: ASGIApp, options: Options) -> None:
    """Refuse the options that neither the server nor the core can honour for this app.

    Raises:
        ValueError: names the option, the reason, and the servers that can honour it.
    """
    if options.normalise and isinstance(app, Application):
        raise ValueError("normalise is for the apps of other frameworks: anysocket's own need no normalising")
    loops.check(options.loop)
    if options.loop not in server.loops:
        able = [each.name for each in servers().values() if options.loop in each.loops]
        raise ValueError(f"{server.name} can't run on {options.loop}. These can: {', '.join(able)}")
    limits = [name for name in LIMITS if getattr(options, name) is not None]
    if limits and not server.keeps_limits:
        able = [each.name for each in servers().values() if each.keeps_limits]
        raise ValueError(
            f"{server.name} can't honour {limits[0]}={getattr(options, limits[0])}: "
            f"its connections aren't anysocket's own. These can: {', '.join(able)}"
        )
    raised = with_limit_of(app, options)
    if raised is not options and "max_message_size" in server.refuses(raised):
        able = [each.name for each in servers().values() if "max_message_size" not in each.refuses(raised)]
        _log.warning(
            "the application's max_message_size is %s, but %s has a limit of its own that can't be set: "
            "one frame above %s ends the connection. These keep the application's: %s",
            raised.max_message_size,
            server.name,
            MAX_MESSAGE_SIZE,
            ", ".join(able),
        )
    needed = _left_to_server(app, options)
    for option, instead in server.refuses(needed).items():
        able = [each.name for each in servers().values() if option not in each.refuses(needed)]
        raise ValueError(
            f"{server.name} can't honour {option}={getattr(options, option)}: it {instead}. "
            f"These can: {', '.join(able) or 'none'}"
        )


def with_limit_of(app: ASGIApp, options: Options) -> Options:
    """Have the server take messages as large as the application does, unless an option says otherwise."""
    if options.max_message_size is None and isinstance(app, Application | Normalised):
        size = app.max_message_size
        if size > MAX_MESSAGE_SIZE:  # the servers' own limit
            return replace(options, max_message_size=size)
    return options


def _left_to_server(app: ASGIApp, options: Options) -> Options:
    """Leave out the options that the core honours for this app, whatever the server does."""
    if options.normalise or isinstance(app, Application | Normalised):
        return replace(options, max_message_size=None)
    return options
