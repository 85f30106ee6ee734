"""What the module of a server declares besides its transport: how to serve on it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from socket import socket
from types import MappingProxyType

from anyio import Event

from anysocket.asgi import ASGIApp
from anysocket.transport import Transport
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.options import Loop, OptionName, Options


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


class RunsItsWorkers(Server):
    """A server that starts its own worker processes."""

    @abstractmethod
    def run(self, options: Options, listener: socket) -> None:
        """Serve the app that `served_app.from_environment` gives, until SIGINT or SIGTERM.

        Raises:
            ServerFailed: the server ended by itself.
        """


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
