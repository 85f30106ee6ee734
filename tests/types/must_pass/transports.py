"""Classes that can be transports: anything of that shape."""

from collections.abc import Awaitable
from typing import ClassVar

from anysocket import Application, Capabilities, Close
from anysocket.adapter import Denial, Handshake, Transport
from anysocket.asgi import WebSocketEvent
from anysocket.handshake import RawHeaders
from anysocket.testing.memory import MemoryTransport
from anysocket_adapters import ASGITransport

app = Application()


class Frames:
    """A transport that inherits from nothing."""

    declared: ClassVar[Capabilities] = Capabilities()
    peer_left_errors: ClassVar[tuple[type[Exception], ...]] = (ConnectionError, EOFError)

    def __init__(self, handshake: Handshake) -> None:
        self.capabilities = self.declared
        self.handshake = handshake
        self.path = handshake.path
        self.headers = handshake.headers

    async def receive(self) -> WebSocketEvent:
        return {"type": "websocket.receive", "text": "text"}

    async def send(self, event: WebSocketEvent) -> None: ...

    def ended(self, event: WebSocketEvent, /) -> Close:
        return Close(1006)

    async def wait_disconnected(self) -> None: ...

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None: ...

    async def deny(self, denial: Denial, /) -> None: ...

    def close(self, close: Close, /) -> Awaitable[None]:
        return self.send({"type": "websocket.close", "code": close.code})


async def serve(plain: ASGITransport) -> None:
    await app.handle(plain)
    await app.handle(MemoryTransport(Handshake(path="/chat")))
    await app.handle(Frames(Handshake()))
    own: Transport = Frames(Handshake())
    await app.handle(own)
