"""What the module of a server declares besides its transport: how to serve on it."""

import asyncio
import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from socket import socket
from types import MappingProxyType

from anyio import Event

from anysocket import Application
from anysocket.asgi import ASGIApp
from anysocket.transport import Transport
from anysocket_adapters import loops
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.options import Loop, OptionName, Options

GROUP = "anysocket.servers"

unloadable: dict[str, str] = {}
"""The registered servers that can't be imported, with what goes wrong, once that has been tried."""


class ServerFailed(Exception):
    """A server ended by itself: it couldn't start, or it died."""


class Server(ABC):
    """One row of the matrix: a server in one of its configurations.

    Registered as an entry point in the group `anysocket.servers`, under `name`.
    """

    name: str
    """What `--server` calls it."""
    distribution: str
    """The distribution that has the server; also the extra of anysocket that installs it."""
    transport: type[Transport]
    """What it makes of this server's connections over HTTP/1.1."""
    http2: type[ASGITransport] | None = None
    """What it makes of those over HTTP/2 (RFC 8441), where the server has them."""
    loops: tuple[Loop, ...] = ("asyncio", "uvloop")
    """The event loops that the server can run on."""
    plain: bool = True
    """Whether the server speaks ASGI, which the plain transport takes at its word."""
    known_failures: Mapping[str, str] = MappingProxyType({})
    """Conformance cases that fail and that no capability is about: the address of a thread for each."""

    @abstractmethod
    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        """Serve an app in this event loop, on a bound socket, until `stop` is set.

        Returning earlier, or raising, says that the server failed.
        """

    def run(self, options: Options, listener: socket) -> None:
        """Serve what `served.from_environment` gives, until SIGINT or SIGTERM.

        Raises:
            ServerFailed: the server ended by itself.
        """
        from anysocket_adapters import workers

        workers.run(self, options, listener)

    def refuses(self, options: Options) -> Mapping[OptionName, str]:
        """Give the options that this server can't honour as they are set, with what it does instead."""
        return {}

    @property
    def version(self) -> str | None:
        """The installed version, and None when it isn't installed."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None


@asynccontextmanager
async def when_set(event: Event, act: Callable[[], None]) -> AsyncGenerator[None, None]:
    """Act once the event is set, if that happens while the block runs."""

    async def waiting() -> None:
        await event.wait()
        act()

    task = asyncio.ensure_future(waiting())
    try:
        yield
    finally:
        task.cancel()


@cache
def servers() -> Mapping[str, Server]:
    """Give all registered servers by name, installed or not, but those whose module can't be imported."""
    loaded = {each.name: _load(each) for each in entry_points(group=GROUP)}
    return {name: server for name, server in sorted(loaded.items()) if server is not None}


@cache
def _load(entry_point: EntryPoint) -> Server | None:
    """Give a registered server; where its module can't be imported, warn and keep what goes wrong."""
    try:
        server: Server = entry_point.load()
    except Exception as error:
        unloadable[entry_point.name] = f"{entry_point.value}: {type(error).__name__}: {error}"
        warnings.warn(f"{entry_point.name} can't be loaded from {unloadable[entry_point.name]}", stacklevel=1)
        return None
    return server


def choose(name: str | None) -> Server:
    """Find a server by name, without importing the others; without a name, the first that is installed.

    Raises:
        ValueError: there is no such server, or it isn't installed; the message says what is.
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
        raise ValueError(f"{name} isn't installed: pip install 'anysocket[{server.distribution}]'")
    return server


def check(server: Server, app: ASGIApp, options: Options) -> None:
    """Refuse what can't be had, unless the core honours it for an application that it runs.

    Raises:
        ValueError: names the option, and why it can't be had or the servers that can.
    """
    if options.normalise and isinstance(app, Application):
        raise ValueError("normalise is for the apps of other frameworks: anysocket's own need no normalising")
    loops.check(options.loop)
    if options.loop not in server.loops:
        able = [each.name for each in servers().values() if options.loop in each.loops]
        raise ValueError(f"{server.name} can't run on {options.loop}. These can: {', '.join(able)}")
    for option, instead in server.refuses(options).items():
        if option == "max_message_size" and (isinstance(app, Application) or options.normalise):
            continue
        able = [each.name for each in servers().values() if option not in each.refuses(options)]
        raise ValueError(
            f"{server.name} can't honour {option}={getattr(options, option)}: it {instead}. "
            f"These can: {', '.join(able) or 'none'}"
        )
