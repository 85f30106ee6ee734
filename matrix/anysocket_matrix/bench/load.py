"""The loads: the client's work on its connections, for each kind of scenario.

A load connects, runs for a time, and closes. It counts the replies, and keeps the latency of each
message.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from functools import partial
from time import perf_counter

import msgspec
from picows import WSFrame, WSMsgType

from anysocket_matrix.bench.connections import (
    DEADLINE,
    Listener,
    LoadFailed,
    check,
    close_all,
    open_many,
    open_one,
    until,
)
from anysocket_matrix.bench.scenarios import Scenario


class Load(ABC):
    """The connections of one scenario to one app; the address has the app's path."""

    def __init__(self, scenario: Scenario, url: str) -> None:
        self.scenario = scenario
        self.url: str = url
        self.latencies: list[float] = []
        """Seconds."""

    @abstractmethod
    async def connect(self, connections: int) -> None:
        """Open this many more connections."""

    @abstractmethod
    async def run(self, seconds: float) -> int:
        """Keep the server busy for a time, then wait for the last replies; return their number.

        Raises:
            LoadFailed: a reply hasn't come.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close all connections, and wait for the end."""


class _EchoListener(Listener):
    """Sends the next message when a reply has come."""

    def __init__(self, load: "Echo") -> None:
        super().__init__()
        self._load = load
        self._kind = WSMsgType.BINARY if load.scenario.binary else WSMsgType.TEXT
        self._payload = load.scenario.payload
        self._sent = deque[float]()
        self.until = 0.0
        self.done: asyncio.Future[None]

    def run(self, seconds: float) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.until = perf_counter() + seconds
        for _ in range(self._load.scenario.in_flight):
            self._sent.append(perf_counter())
            self.transport.send(self._kind, self._payload)

    def on_message(self, frame: WSFrame) -> None:
        now = perf_counter()
        self._load.latencies.append(now - self._sent.popleft())
        if now < self.until:
            self._sent.append(now)
            self.transport.send(self._kind, self._payload)
        elif not self._sent:
            if frame.msg_type is not WSMsgType.CONTINUATION:
                self._load.last = frame.get_payload_as_bytes()
            self.done.set_result(None)


class Echo(Load):
    """Echoes on the first connection, with one message in flight or several."""

    last: bytes
    """The last reply of each run."""

    def __init__(self, scenario: Scenario, url: str) -> None:
        super().__init__(scenario, url)
        self.last = scenario.payload
        self._busy: _EchoListener
        self._listeners: list[Listener] = []

    async def connect(self, connections: int) -> None:
        if connections:
            self._busy = await open_one(self.url, partial(_EchoListener, self))
            self._listeners = [self._busy, *await open_many(self.url, Listener, 1, connections - 1)]

    async def run(self, seconds: float) -> int:
        self._busy.run(seconds)
        await until(self._busy.done, self._listeners, seconds)
        if _read(self.last) != _read(self.scenario.payload):
            raise LoadFailed(f"the reply is another message: {self.last[:80]!r}")
        return len(self.latencies)

    async def close(self) -> None:
        await close_all(self._listeners)


def _read(message: bytes) -> object:
    """Parse a message, so that its formatting doesn't matter."""
    if message[:1] == b"x":
        return message
    return msgspec.json.decode(message) if message[:1] == b"{" else msgspec.msgpack.decode(message)


class _PushListener(Listener):
    """Asks for more messages when all have come."""

    def __init__(self, load: "Push") -> None:
        super().__init__()
        self._load = load
        self._sent = 0.0
        self._left = 0
        self.until = 0.0
        self.done: asyncio.Future[None]

    def run(self, seconds: float) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._sent = perf_counter()
        self.until = self._sent + seconds
        self._ask()

    def _ask(self) -> None:
        self._left = self._load.scenario.batch
        self.transport.send(WSMsgType.TEXT, self._load.scenario.payload)

    def on_message(self, frame: WSFrame) -> None:
        self._left -= 1
        if self._left:
            return
        now = perf_counter()
        self._load.latencies.append(now - self._sent)
        if now < self.until:
            self._sent = now
            self._ask()
        else:
            self.done.set_result(None)


class Push(Load):
    """Messages that the server sends as fast as it can."""

    def __init__(self, scenario: Scenario, url: str) -> None:
        super().__init__(scenario, url)
        self._listeners: list[_PushListener] = []

    async def connect(self, connections: int) -> None:
        for _ in range(connections):
            self._listeners.append(await open_one(self.url, partial(_PushListener, self)))

    async def run(self, seconds: float) -> int:
        (listener,) = self._listeners
        listener.run(seconds)
        await until(listener.done, self._listeners, seconds)
        return len(self.latencies) * self.scenario.batch

    async def close(self) -> None:
        await close_all(self._listeners)


class _Member(Listener):
    """A receiver of broadcasts."""

    def __init__(self, load: "Broadcast") -> None:
        super().__init__()
        self._load = load
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_message(self, frame: WSFrame) -> None:
        if self.joined.done():
            self._load.delivered()
        else:
            self.joined.set_result(None)


class Broadcast(Load):
    """A message from the first connection to all, and the next one when all have received it."""

    def __init__(self, scenario: Scenario, url: str) -> None:
        super().__init__(scenario, url)
        self._members: list[_Member] = []
        self._left = 0
        self._sent = 0.0
        self._until = 0.0
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self, connections: int) -> None:
        new = await open_many(self.url, partial(_Member, self), len(self._members), connections)
        self._members += new
        async with asyncio.timeout(DEADLINE):
            for each in new:
                await asyncio.wait([each.joined, each.ended], return_when=asyncio.FIRST_COMPLETED)
            check(new)

    async def run(self, seconds: float) -> int:
        self._done = asyncio.get_running_loop().create_future()
        self._until = perf_counter() + seconds
        self._send(perf_counter())
        await until(self._done, self._members, seconds)
        return len(self.latencies)

    def _send(self, now: float) -> None:
        self._left = len(self._members)
        self._sent = now
        self._members[0].transport.send(WSMsgType.TEXT, self.scenario.payload)

    def delivered(self) -> None:
        """Count a message that one of them has received."""
        now = perf_counter()
        self.latencies.append(now - self._sent)
        self._left -= 1
        if self._left:
            return
        if now < self._until:
            self._send(now)
        else:
            self._done.set_result(None)

    async def close(self) -> None:
        await close_all(self._members)


class Connect(Load):
    """Connections, one after the other."""

    async def connect(self, connections: int) -> None:
        pass

    async def run(self, seconds: float) -> int:
        until = perf_counter() + seconds
        while (now := perf_counter()) < until or not self.latencies:
            listener = await open_one(self.url, Listener)
            try:
                async with asyncio.timeout(DEADLINE):
                    await listener.ended
            except TimeoutError:
                raise LoadFailed("the server has closed a connection but doesn't end it") from None
            self.latencies.append(perf_counter() - now)
        return len(self.latencies)

    async def close(self) -> None:
        pass


class Idle(Load):
    """Connections that do nothing."""

    def __init__(self, scenario: Scenario, url: str) -> None:
        super().__init__(scenario, url)
        self._listeners: list[Listener] = []

    async def connect(self, connections: int) -> None:
        self._listeners += await open_many(self.url, Listener, len(self._listeners), connections)

    async def run(self, seconds: float) -> int:
        check(self._listeners)
        return len(self._listeners)

    async def close(self) -> None:
        await close_all(self._listeners)
