"""What the tests of a connection have in common: settings, frames and events."""

from asyncio.transports import BaseTransport
from collections.abc import Callable
from dataclasses import replace

from anysocket.asgi import ASGIEvent
from anysocket_protocol.asgi import ASGIConnection
from anysocket_protocol.frames import CLOSE, FIN, PING, TEXT
from anysocket_protocol.settings import Limits, Settings
from tests.protocol.bench import Bench
from tests.protocol.client import Frame, frame

SETTINGS = Settings(ping_interval=20, ping_timeout=10, close_timeout=5)
NO_PINGS = replace(SETTINGS, ping_interval=None)

HELLO = frame(FIN | TEXT, b"hello")
A_HELLO = Frame(FIN | TEXT, b"hello")
A_PING = Frame(FIN | PING, b"")
A_MESSAGE = {"type": "websocket.receive", "text": "hello"}
SEND: ASGIEvent = {"type": "websocket.send", "text": "hello"}

Make = Callable[..., Bench]


class Timed(ASGIConnection):
    """A connection that waits for its request, as one of a server of its own."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.begin()


def limited(**limits: int) -> Settings:
    return replace(SETTINGS, limits=Limits(**limits))


def disconnect(code: int, reason: str = "") -> dict[str, object]:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


def close(code: int, reason: bytes = b"") -> Frame:
    return Frame(FIN | CLOSE, code.to_bytes(2) + reason)
