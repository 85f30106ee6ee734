"""A connection on a bench: no sockets, and a time that only the test moves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket_protocol.asgi import ASGIConnection
from anysocket_protocol.settings import Settings
from tests.protocol.client import KEY, Frame, parse


class BenchLoop(asyncio.SelectorEventLoop):
    """An event loop in the test's own time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.errors: list[object] = []
        """What escaped a callback or a task that nobody asks."""
        self.set_exception_handler(lambda _, context: self.errors.append(context))

    def time(self) -> float:
        return self.now

    def turn(self, times: int = 1) -> None:
        """Run what is ready, and wait for nothing."""
        for _ in range(times):
            self.call_soon(self.stop)
            self.run_forever()

    def advance(self, seconds: float) -> None:
        """Let time pass, in steps in which each timer has its turn."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.05)
            self.turn(3)


class Wire(asyncio.Transport):
    """A TCP connection whose peer is the test."""

    def __init__(self, loop: BenchLoop, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.loop = loop
        self.protocol = protocol
        self.written: list[bytes] = []
        """One element for each call of write."""
        self.reading = True
        self.blocked = False
        """Whether the peer has stopped to read, so that nothing is flushed."""
        self.closing = False
        self.aborted = False
        self.lost = False

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": ("192.0.2.1", 4711), "sockname": ("192.0.2.2", 80)}.get(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closing, "written behind the end"
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            if not self.blocked:
                self.loop.call_soon(self.lose, None)

    def abort(self) -> None:
        self.closing = self.aborted = True
        self.loop.call_soon(self.lose, None)

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True

    def block(self) -> None:
        """The peer stops to read."""
        self.blocked = True
        self.protocol.pause_writing()

    def unblock(self) -> None:
        """It reads on."""
        self.blocked = False
        if self.lost:
            return
        self.protocol.resume_writing()
        if self.closing:
            self.loop.call_soon(self.lose, None)

    def lose(self, error: Exception | None) -> None:
        if not self.lost:
            self.lost = self.closing = True
            self.protocol.connection_lost(error)


@dataclass
class App:
    """An application that does what the test says, when it says it."""

    receive: Receive | None = None
    send: Send | None = None
    scope: Scope | None = None
    done: asyncio.Future[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.done = asyncio.get_running_loop().create_future()
        await self.done


async def echo(_: Scope, receive: Receive, send: Send) -> None:
    """Accept, and give back what comes."""
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.receive":
            await send({**event, "type": "websocket.send"})
        else:
            return


REQUEST = (
    b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + b"\r\n"
)


class Bench:
    """One connection, its peer and its application."""

    def __init__(
        self,
        app: ASGIApp | None = None,
        settings: Settings | None = None,
        kind: type[ASGIConnection] = ASGIConnection,
    ) -> None:
        self.loop = BenchLoop()
        self.app = App()
        self.connection = kind(app or self.app, {}, settings or Settings(), self.loop)
        self.wire = Wire(self.loop, self.connection)
        self.tasks: list[asyncio.Task[object]] = []
        self.do(lambda: self.connection.connection_made(self.wire))

    def do(self, act: Callable[[], object]) -> None:
        """Act in a callback of the event loop, as a transport does; nothing may escape."""
        self.loop.call_soon(act)
        self.loop.turn()
        assert not self.loop.errors, self.loop.errors

    def peer_sends(self, data: bytes) -> None:
        self.do(lambda: self.connection.data_received(data))

    def peer_ends(self) -> None:
        """The peer's FIN."""

        def ending() -> None:
            if not self.connection.eof_received():
                self.wire.close()

        self.do(ending)

    def request(self, headers: bytes = b"", behind: bytes = b"") -> None:
        """The peer's request, and what comes right behind it; the application begins."""
        self.peer_sends(REQUEST + headers + b"\r\n" + behind)
        self.loop.turn()

    def open(self, headers: bytes = b"") -> None:
        """Open the connection, and forget how."""
        self.request(headers)
        if self.app.send is not None:
            self.send({"type": "websocket.accept"})
            self.receive()  # websocket.connect
        self.loop.turn()
        self.take()

    def task(self, act: Callable[[], Awaitable[object]]) -> "asyncio.Task[object]":
        """Do something that may wait, in a task of the application's."""

        async def acting() -> object:
            return await act()

        task = self.loop.create_task(acting())
        self.tasks.append(task)
        self.loop.turn(2)
        return task

    def send(self, event: Mapping[str, object]) -> "asyncio.Task[object]":
        send = self.app.send
        assert send is not None
        return self.task(lambda: send(dict(event)))

    def receive(self) -> "asyncio.Task[object]":
        receive = self.app.receive
        assert receive is not None
        return self.task(receive)

    def received(self) -> object:
        """What the application receives, which is there already."""
        task = self.receive()
        assert task.done(), "nothing to receive"
        return task.result()

    def take(self) -> bytes:
        """What has been written since the last time."""
        written, self.wire.written = b"".join(self.wire.written), []
        return written

    def frames(self) -> list[Frame]:
        """The frames in it; none is cut, and each is one that a server may send."""
        return parse(self.take())

    def close(self) -> None:
        """End whatever is left."""
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            with suppress(asyncio.CancelledError):
                self.loop.run_until_complete(asyncio.wait(left))
        self.loop.close()
