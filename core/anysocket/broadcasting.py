"""One message to many connections: encoded once, and no slow peer holds up the others."""

from collections.abc import Iterable
from functools import cache
from itertools import islice, repeat
from typing import Never, TypeVar, cast, overload

import anyio
from anyio.lowlevel import checkpoint

from anysocket.connection import Connection
from anysocket.errors import ConnectionClosed, InvalidState
from anysocket.messages.codec import Encode
from anysocket.session.session import as_bytes
from anysocket.session.websocket import WebSocket

Send = TypeVar("Send")

_A_TURN = 250
"""Deliveries before everything else that waits for the event loop has its turn."""


@overload
async def broadcast(
    connections: Iterable[WebSocket], message: str | bytes | bytearray | memoryview
) -> None: ...


@overload
async def broadcast(connections: Iterable[Connection[object, Send]], message: Send) -> None: ...


async def broadcast(connections: Iterable[WebSocket | Connection[object, Never]], message: object) -> None:
    """Send a message to each of these connections.

    It is encoded once, or once for each route whose connections these are, and all are handed the
    same object. Who has left is passed over, and learns of it in its own handler. Returns when
    every other connection has taken the message as `send` does: a peer that reads too slowly
    delays that, and nobody else's message. `anyio.move_on_after` bounds it; those that are still
    waited for then may or may not have got it.

    Broadcasts that are awaited one after the other come in their order. The collection may change
    meanwhile: what counts is who was in it at the call.

    Raises:
        TypeError: the message is of a type that can't be sent. Nothing has been sent.
        UnicodeEncodeError: a str with a lone surrogate. Nothing has been sent.
        InvalidState: a connection hasn't been accepted. The others have got the message.
    """
    deliveries = _Deliveries(_messages(connections, message))
    seen = 0
    async with anyio.create_task_group() as tasks:
        while deliveries.waiting:
            # No delivery has begun since the last turn of the loop: those under way wait for their
            # peers, or for the server's threads. Somebody else goes on with the next.
            if deliveries.begun == seen:
                tasks.start_soon(deliveries.deliver)
            seen = deliveries.begun
            await checkpoint()
    if deliveries.mistake is not None:
        raise deliveries.mistake


class _Deliveries:
    """What is still to be sent. The tasks that deliver share it, one for each peer that is slow."""

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
            if self.begun - begun < _A_TURN:  # there are no more
                break
            await checkpoint()
        self.waiting = False


def _messages(
    connections: Iterable[WebSocket | Connection[object, Never]], message: object
) -> Iterable[tuple[WebSocket, str | bytes]]:
    """Give each connection with what it is to send, encoded now."""

    @cache
    def encoded(encode: Encode) -> str | bytes:
        return _sendable(encode(message))

    everyone = list(connections)
    if everyone and isinstance(everyone[0], Connection):  # and so are the others, by the overloads
        typed = cast("list[Connection[object, object]]", everyone)
        return [(each.request.web_socket, encoded(each.encode)) for each in typed]
    return zip(cast("list[WebSocket]", everyone), repeat(_sendable(message)))


def _sendable(message: object) -> str | bytes:
    """Refuse what `send` would refuse, before any connection has sent it."""
    if isinstance(message, str):
        message.encode()
        return message
    return message if isinstance(message, bytes) else as_bytes(message)
