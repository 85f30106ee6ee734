"""What may be a transport: anything of that shape, whatever its events are."""

from collections.abc import Awaitable
from typing import ClassVar

from anysocket import Application, Capabilities, Close, Denial, Handshake, MemoryTransport, Transport
from anysocket.handshake import RawHeaders
from anysocket_adapters import ASGITransport

app = Application()


class Frames:
    """A transport of its own kind: its events are pairs."""

    capabilities: ClassVar[Capabilities] = Capabilities()
    gone: ClassVar[tuple[type[Exception], ...]] = (ConnectionError, EOFError)

    def __init__(self, handshake: Handshake) -> None:
        self.handshake = handshake

    async def receive(self) -> tuple[int, bytes]:
        return 1, b"text"

    def decode(self, event: tuple[int, bytes], /) -> str | bytes | Close:
        opcode, payload = event
        return payload.decode() if opcode == 1 else payload

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None: ...

    async def deny(self, denial: Denial, /) -> None: ...

    def send_text(self, data: str, /) -> Awaitable[None]:
        return self.send_bytes(data.encode())

    async def send_bytes(self, data: bytes, /) -> None: ...

    async def close(self, close: Close, /) -> None: ...


async def serve(plain: ASGITransport) -> None:
    await app.handle(plain)
    await app.handle(MemoryTransport(Handshake(path="/chat")))
    await app.handle(Frames(Handshake()))
    own: Transport[tuple[int, bytes]] = Frames(Handshake())
    await app.handle(own)
