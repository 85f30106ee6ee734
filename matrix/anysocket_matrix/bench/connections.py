"""Connections of the client, by picows: opening, closing and losing them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, TypeVar

import picows
from picows import WSCloseCode, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport

CONNECTING = 32
"""The maximum number of connections to open or close at a time; no server's backlog is shorter."""

DEADLINE = 60.0
"""Seconds for any step that should take less than one, besides the duration of a load."""

CLOSE_DEADLINE = 5.0
"""Seconds for a server to end connections that were closed."""

_PORTS = 10_000
"""Connections from one address: fewer than Linux has ports (net.ipv4.ip_local_port_range)."""


class _WSConnect(Protocol):
    """The part of `ws_connect` that is used here; its keywords for the event loop have no types."""

    async def __call__(
        self,
        factory: Callable[[], WSListener],
        url: str,
        /,
        *,
        websocket_handshake_timeout: float,
        extra_headers: Mapping[str, str],
        local_addr: tuple[str, int] | None,
    ) -> object: ...


_connect: _WSConnect = picows.ws_connect  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class LoadFailed(Exception):
    """A server has refused or ended a connection."""


class Listener(WSListener):
    """A connection of the client; `ended` is done when the connection has ended."""

    transport: WSTransport

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.how: str = "the connection was lost"
        """The way the connection has ended."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            self.how = f"the server closed the connection with {frame.get_close_code().value}"
            self.close()
        elif frame.fin and frame.msg_type not in (WSMsgType.PING, WSMsgType.PONG):
            self.on_message(frame)

    def on_message(self, frame: WSFrame) -> None:
        """Handle a received message."""

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def close(self) -> None:
        """Send a close frame, or answer one. The server then ends the TCP connection."""
        if not self.transport.is_close_frame_sent:
            self.transport.send_close(WSCloseCode.OK)


T = TypeVar("T")

AnyListener = TypeVar("AnyListener", bound=Listener)


async def open_one(
    url: str,
    listener: Callable[[], AnyListener],
    number: int = 0,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> AnyListener:
    """Open a connection, the one with this number if there are many.

    Raises:
        LoadFailed: it can't be opened.
    """
    # Linux has all of 127.0.0.0/8, so there are always enough ports.
    source = f"127.0.0.{2 + number // _PORTS}" if number >= _PORTS else None
    made: list[AnyListener] = []

    def make() -> AnyListener:
        made.append(listener())
        return made[0]

    try:
        await _connect(
            make,
            url,
            websocket_handshake_timeout=DEADLINE,
            extra_headers=headers,
            local_addr=None if source is None else (source, 0),
        )
    except (OSError, TimeoutError, WSHandshakeError) as error:
        raise LoadFailed(f"can't connect to {url}: {error or type(error).__name__}") from error
    return made[0]


def _batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(values), CONNECTING):
        yield values[first : first + CONNECTING]


async def close_all(listeners: Iterable[Listener]) -> None:
    """Close connections, and abort those that the server doesn't end in time."""
    left = [each for each in listeners if not each.ended.done()]
    for some in _batches(left):
        for each in some:
            each.close()
        _, waiting = await asyncio.wait([each.ended for each in some], timeout=CLOSE_DEADLINE)
        for each in some:
            if each.ended in waiting:
                each.transport.disconnect(graceful=False)
                await each.ended


async def until(done: asyncio.Future[None], listeners: Iterable[Listener], seconds: float) -> None:
    """Wait until the load is done.

    Raises:
        LoadFailed: a connection has ended before, or the load takes too long.
    """
    ends = [each.ended for each in listeners]
    await asyncio.wait([done, *ends], timeout=seconds + DEADLINE, return_when=asyncio.FIRST_COMPLETED)
    if not done.done():
        check(listeners)
        raise LoadFailed(f"not all messages have come within {DEADLINE:g} s")


def check(listeners: Iterable[Listener]) -> None:
    """Check that no connection has ended.

    Raises:
        LoadFailed: a connection has ended.
    """
    for each in listeners:
        if each.ended.done():
            raise LoadFailed(each.how)


async def open_many(
    url: str, listener: Callable[[], AnyListener], already: int, connections: int
) -> list[AnyListener]:
    """Open this many more connections."""
    opened: list[AnyListener] = []
    for some in _batches(range(already, already + connections)):
        opened += await asyncio.gather(*(open_one(url, listener, number) for number in some))
    return opened
