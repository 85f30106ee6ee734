"""`Server`: how to serve on a server. Each server's package declares it beside its transport."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, metadata, version
from socket import socket
from types import MappingProxyType

from anyio import Event

from anysocket.asgi import ASGIApp
from anysocket.transport import Transport
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.options import Loop, OptionName, Options


class ServerFailed(Exception):
    """A server couldn't start, or it ended before it was stopped."""


class Server(ABC):
    """One row of the matrix: a server in one of its configurations.

    Registered as an entry point in the group `anysocket.servers`, under `name`.
    """

    name: str
    """The row's name, as in `--server`."""
    distribution: str
    """The server's distribution. An extra of anysocket has the same name, if anysocket has the adapter."""
    transport: type[Transport]
    """The transport of its connections over HTTP/1.1."""
    http2: type[ASGITransport] | None = None
    """The transport of its connections over HTTP/2 (RFC 8441); None if the server has no such connections."""
    loops: tuple[Loop, ...] = ("asyncio", "uvloop")
    """The event loops that the server can run on."""
    plain: bool = True
    """Whether the server speaks ASGI, so that the plain transport can run on it."""
    keeps_limits: bool = False
    """Whether its connections are anysocket's own, which keep each of `options.LIMITS`."""
    known_failures: Mapping[str, str] = MappingProxyType({})
    """The conformance cases that fail without a capability for them, each with the address of a thread."""

    @abstractmethod
    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        """Serve an app in this event loop, on a bound socket, until `stop` is set.

        If it returns earlier, or raises, the server has failed.
        """

    def refuses(self, options: Options) -> Mapping[OptionName, str]:
        """Give the options that this server can't honour as they are set, with what it does instead.

        `max_message_size` is set here only if the core doesn't keep it: for an app that is neither an
        `Application` nor normalised.
        """
        return {}

    @property
    def version(self) -> str | None:
        """The installed version; None if it isn't installed."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None

    @property
    def install_command(self) -> str:
        """The command that installs the server: with an extra of anysocket, or else by itself."""
        extras: list[str] = metadata("anysocket").get_all("Provides-Extra") or []
        known = self.distribution in extras
        return (
            f"pip install 'anysocket[{self.distribution}]'" if known else f"pip install {self.distribution}"
        )


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
    """Call `act` when the event is set, if it is set while the block runs."""

    async def waiting() -> None:
        await event.wait()
        act()

    task = asyncio.ensure_future(waiting())
    try:
        yield
    finally:
        task.cancel()
