"""One message to many connections: it is encoded once, and a slow peer doesn't delay the others."""

from collections.abc import Iterable
from functools import cache
from itertools import islice, repeat
from typing import Never, TypeVar, cast, overload

import anyio
from anyio.lowlevel import checkpoint

from anysocket.connection import Connection
from anysocket.errors import ConnectionClosed, InvalidState
from anysocket.messages.codec import Encode, nested_too_deeply
from anysocket.session.session import as_bytes
from anysocket.session.websocket import WebSocket

Send = TypeVar("Send")

_A_TURN = 250
"""Deliveries before other tasks of the event loop get their turn."""


@overload
async def broadcast(
    connections: Iterable[WebSocket], message: str | bytes | bytearray | memoryview
) -> None: ...


@overload
async def broadcast(connections: Iterable[Connection[object, Send]], message: Send) -> None: ...


async def broadcast(connections: Iterable[WebSocket | Connection[object, Never]], message: object) -> None:
    """Send a message to each of these connections.

    The message is encoded once for each route of the connections, and all of them send the same
    object. A connection that has ended is skipped. The call returns when every other connection
    has sent the message. A peer that reads too slowly delays the return, but not the other
    messages; `anyio.move_on_after` limits the time, and a slow peer may then miss the message.

    Broadcasts that are awaited one after the other arrive in their order. The collection may
    change during the call: the message goes to the connections that were in it at the beginning.

    Raises:
        TypeError: the message has a type that can't be sent. Nothing has been sent.
        ValueError: the message contains itself, or is nested too deeply. Nothing has been sent.
        UnicodeEncodeError: a str with a lone surrogate. Nothing has been sent.
        InvalidState: a connection hasn't been accepted. The others have got the message.
    """
    deliveries = _Deliveries(_messages(connections, message))
    seen = 0
    async with anyio.create_task_group() as tasks:
        while deliveries.waiting:
            # No delivery has begun since the last turn of the loop: those under way wait for their
            # peers, or for the server's threads. Another task goes on with the next one.
            if deliveries.begun == seen:
                tasks.start_soon(deliveries.deliver)
            seen = deliveries.begun
            await checkpoint()
    if deliveries.mistake is not None:
        raise deliveries.mistake


class _Deliveries:
    """The messages that aren't sent yet. The tasks that deliver share them, one task for each slow peer."""

    def __init__(self, messages: Iterable[tuple[WebSocket, str | bytes]]) -> None:
        self._next = iter(messages)
        self.waiting = True
        self.begun = 0
        self.mistake: InvalidState | None = None

    async def deliver(self) -> None:
        while True:
            begun = self.begun
            for web_socket, message in islice(self._next, _A_TURN):
                self.begun += 1
                try:
                    await web_socket.send(message)
                except ConnectionClosed:
                    pass
                except InvalidState as error:
                    self.mistake = error
            if self.begun - begun < _A_TURN:  # all have begun
                break
            await checkpoint()
        self.waiting = False


def _messages(
    connections: Iterable[WebSocket | Connection[object, Never]], message: object
) -> Iterable[tuple[WebSocket, str | bytes]]:
    """Give each connection with its message, encoded now."""

    @cache
    def encoded(encode: Encode) -> str | bytes:
        try:
            return _sendable(encode(message))
        except RecursionError:
            raise nested_too_deeply(message) from None

    everyone = list(connections)
    if everyone and isinstance(everyone[0], Connection):  # and so are the others, by the overloads
        typed = cast("list[Connection[object, object]]", everyone)
        return [(each.request.web_socket, encoded(each.encode)) for each in typed]
    return zip(cast("list[WebSocket]", everyone), repeat(_sendable(message)))


def _sendable(message: object) -> str | bytes:
    """Raise what `send` would raise, before any connection has sent the message."""
    if isinstance(message, str):
        message.encode()
        return message
    return message if isinstance(message, bytes) else as_bytes(message)
