"""What can't be a transport."""

from collections.abc import Awaitable
from typing import ClassVar

from anysocket import Application, Capabilities, Close, Denial, Handshake, MemoryTransport, Transport
from anysocket.handshake import RawHeaders


class Most:
    """All of a transport but `close`."""

    capabilities: ClassVar[Capabilities] = Capabilities()
    gone: ClassVar[tuple[type[Exception], ...]] = (OSError,)

    @property
    def handshake(self) -> Handshake:
        return Handshake()

    async def receive(self) -> bytes:
        return b""

    def decode(self, event: bytes, /) -> str | bytes | Close:
        return event

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None: ...

    async def deny(self, denial: Denial, /) -> None: ...

    async def send_text(self, data: str, /) -> None: ...

    async def send_bytes(self, data: bytes, /) -> None: ...


class Whole(Most):
    async def close(self, close: Close, /) -> None: ...


class CloseOfTwo(Most):
    async def close(self, code: int, reason: str, /) -> None: ...


class CloseThatDoesNotWait(Most):
    def close(self, close: Close, /) -> None: ...


class DecodesOtherEvents(Most):
    def decode(self, event: str, /) -> str | bytes | Close:  # error
        return event

    async def close(self, close: Close, /) -> None: ...


class ReceivesAtOnce:
    """All of a transport, but its `receive` can't be awaited."""

    capabilities: ClassVar[Capabilities] = Capabilities()
    gone: ClassVar[tuple[type[Exception], ...]] = (OSError,)
    handshake = Handshake()

    def receive(self) -> bytes:
        return b""

    def decode(self, event: bytes, /) -> str | bytes | Close:
        return event

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None: ...

    async def deny(self, denial: Denial, /) -> None: ...

    async def send_text(self, data: str, /) -> None: ...

    def send_bytes(self, data: bytes, /) -> Awaitable[None]:
        return self.send_text(data.decode())

    async def close(self, close: Close, /) -> None: ...


async def serve(app: Application) -> None:
    await app.handle(Whole())
    await app.handle(Most())  # error
    await app.handle(CloseOfTwo())  # error
    await app.handle(CloseThatDoesNotWait())  # error
    await app.handle(ReceivesAtOnce())  # error
    await app.handle(MemoryTransport)  # error
    await app.handle(None)  # error
    transport: Transport[str] = Whole()  # error
    await app.handle(transport)
