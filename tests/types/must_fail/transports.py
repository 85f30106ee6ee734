"""What can't be a transport."""

from typing import ClassVar

from anysocket import Application, Capabilities, Close
from anysocket.adapter import Denial, Handshake, Transport
from anysocket.asgi import WebSocketEvent
from anysocket.handshake import RawHeaders
from anysocket.testing.memory import MemoryTransport


class Most:
    """All of a transport but `close`."""

    declared: ClassVar[Capabilities] = Capabilities()
    capabilities = declared
    peer_left_errors: ClassVar[tuple[type[Exception], ...]] = (OSError,)

    @property
    def path(self) -> str:
        return "/"

    @property
    def headers(self) -> RawHeaders:
        return ()

    @property
    def handshake(self) -> Handshake:
        return Handshake()

    async def receive(self) -> WebSocketEvent:
        return {"type": "websocket.receive", "text": 3}  # error

    async def send(self, event: WebSocketEvent) -> None: ...

    def ended(self, event: WebSocketEvent, /) -> Close:
        return Close(1006)

    async def wait_disconnected(self) -> None: ...

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None: ...

    async def deny(self, denial: Denial, /) -> None: ...


class Whole(Most):
    async def close(self, close: Close, /) -> None: ...


class CloseOfTwo(Most):
    async def close(self, code: int, reason: str, /) -> None: ...


class CloseThatDoesNotWait(Most):
    def close(self, close: Close, /) -> None: ...


class ReceivesMessages(Whole):
    async def receive(self) -> str:  # error
        return "text"


class ReceivesAtOnce:
    """All of a transport, but its `receive` can't be awaited."""

    declared: ClassVar[Capabilities] = Capabilities()
    capabilities = declared
    peer_left_errors: ClassVar[tuple[type[Exception], ...]] = (OSError,)
    path = "/"
    headers: RawHeaders = ()
    handshake = Handshake()

    def receive(self) -> WebSocketEvent:
        return {"type": "websocket.receive", "text": ""}

    async def send(self, event: WebSocketEvent) -> None: ...

    def ended(self, event: WebSocketEvent, /) -> Close:
        return Close(1006)

    async def wait_disconnected(self) -> None: ...

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None: ...

    async def deny(self, denial: Denial, /) -> None: ...

    async def close(self, close: Close, /) -> None: ...


async def serve(app: Application) -> None:
    await app.handle(Whole())
    await app.handle(Most())  # error
    await app.handle(CloseOfTwo())  # error
    await app.handle(CloseThatDoesNotWait())  # error
    await app.handle(ReceivesAtOnce())  # error
    await app.handle(MemoryTransport)  # error
    await app.handle(None)  # error
    transport: Transport = Most()  # error
    await app.handle(transport)
