"""Servers that are broken in one way each, otherwise like uvicorn. `test_broken_servers` registers them."""

import os
import signal
from collections.abc import Callable
from importlib import import_module
from socket import socket

from anyio import Event
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from anysocket.asgi import ASGIApp
from anysocket_adapters.options import Options
from anysocket_adapters.server import Server
from anysocket_adapters.uvicorn.server import Uvicorn
from anysocket_adapters.uvicorn.transport import UvicornSansIOTransport


class Broken(Uvicorn):
    """uvicorn with a fault: `spoil` is called in the server's process."""

    def __init__(self, name: str, spoil: Callable[[], None]) -> None:
        super().__init__(f"broken-{name}", "websockets-sansio", UvicornSansIOTransport)
        self._spoil = spoil

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        self._spoil()
        await super().serve(app, options, listener, stop)


def wrong_codes() -> None:
    """Send another close code, one higher."""
    right = Protocol.send

    async def send(self: Protocol, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close":
            message["code"] = message.get("code", 1000) + 1
        await right(self, message)

    Protocol.send = send  # type: ignore[method-assign]


def lost_messages() -> None:
    """Lose empty messages."""
    right = Protocol.send_receive_event_to_app

    def send_receive_event_to_app(self: Protocol) -> None:
        if any(self.frames):
            right(self)
        self.frames = []

    Protocol.send_receive_event_to_app = send_receive_event_to_app  # type: ignore[method-assign]


def mortal() -> None:
    """Die at every fifth handshake."""
    right, count = Protocol.run_asgi, iter(range(4))

    async def run_asgi(self: Protocol) -> None:
        if next(count, None) is None:
            print("that was enough", flush=True)
            os._exit(7)
        await right(self)

    Protocol.run_asgi = run_asgi  # type: ignore[method-assign]


def deaf() -> None:
    """Ignore SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def noisy() -> None:
    """Print without end bytes that aren't text, cursor movements, and markup."""

    while True:
        os.write(1, b"\xff\x1b[2J\x1b[31m[bold red]" * 1000 + b"\n")


def unable() -> None:
    """Fail at an import that the server needs."""
    import_module("broken_dependency")


class NeverReady(Broken):
    """Never becomes ready."""

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        print("waiting for a better day", flush=True)
        await stop.wait()


class Dumb(Broken):
    """Accepts connections and says that it is ready, but answers nothing."""

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        listener.listen()
        print("anysocket: dumb 1 is ready on ws://127.0.0.1:1")
        print(f"anysocket: dumb 1 is ready on ws://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        await stop.wait()


def nothing() -> None:
    """Change nothing."""


SERVERS: dict[str, Server] = {
    server.name: server
    for server in (
        Broken("codes", wrong_codes),
        Broken("messages", lost_messages),
        Broken("mortal", mortal),
        Broken("deaf", deaf),
        Broken("noisy", noisy),
        Broken("unable", unable),
        NeverReady("never", nothing),
        Dumb("dumb", nothing),
    )
}


def __getattr__(name: str) -> Server:
    """Return the object that an entry point names: `broken_servers:broken_codes`."""
    try:
        return SERVERS[name.replace("_", "-")]
    except KeyError:
        raise AttributeError(name) from None
