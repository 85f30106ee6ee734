"""What is wrong with anycorn's streams for every application, repaired while anysocket serves.

As of 0.20:

- A send that waits for the peer can't be cancelled.
- What comes before accept is handled by the task that accepts, which waits for ever when it is
  more than the application's queue holds, and runs into what is read meanwhile.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, cast

import anyio
from anycorn.events import Event as TCPEvent
from anycorn.events import RawData
from anycorn.protocol.events import Body, Data, Event
from anycorn.protocol.h11 import H11Protocol
from anycorn.protocol.ws_stream import WSStream
from anycorn.typing import WebsocketAcceptEvent

from anysocket.asgi import Send


class _TaskGroup(Protocol):
    def spawn(self, func: Callable[..., Awaitable[None]], *args: object) -> None: ...


class _Typed(Protocol):
    app_put: Send | None
    task_group: _TaskGroup


def typed(stream: WSStream) -> _Typed:
    """Say what anycorn's own types of a stream leave open: hence the cast."""
    return cast("_Typed", stream)  # it has no types of its own


def repair(stream: WSStream) -> None:
    """Repair a stream over HTTP/1.1, before its application begins."""
    protocol = getattr(stream.send, "__self__", None)
    if isinstance(protocol, H11Protocol):
        _let_sends_be_cancelled(stream, protocol)
        _deliver_in_order(stream)


def _let_sends_be_cancelled(stream: WSStream, protocol: H11Protocol) -> None:
    """Write in a task of the connection's, where the task that sends may be cancelled.

    anycorn shields each write from cancellation, since half a frame would break the connection.
    """
    send = protocol.send

    async def sending(event: TCPEvent) -> None:
        if not isinstance(event, RawData):
            await send(event)
            return
        written = anyio.Event()

        async def write() -> None:
            try:
                with suppress(anyio.BusyResourceError):  # the connection is being closed
                    await send(event)
            finally:
                written.set()

        typed(stream).task_group.spawn(write)
        await written.wait()

    protocol.send = sending


def _deliver_in_order(stream: WSStream) -> None:
    """Handle what came before accept once it has returned, and only then what is read meanwhile."""
    accept, handle = stream._accept, stream.handle  # pyright: ignore[reportPrivateUsage]
    opened = anyio.Event()
    accepting = False

    async def deliver(early: bytes) -> None:
        await handle(Data(stream.stream_id, early))
        opened.set()

    async def accept_alone(message: WebsocketAcceptEvent) -> None:
        nonlocal accepting
        accepting = True
        early = bytes(stream.pre_accept_data)
        stream.pre_accept_data.clear()
        try:
            await accept(message)
        finally:
            if early and stream.handshake.accepted:
                typed(stream).task_group.spawn(deliver, early)
            else:
                opened.set()

    async def handle_in_turn(event: Event) -> None:
        if accepting and isinstance(event, Body | Data):
            await opened.wait()
        await handle(event)

    stream._accept = accept_alone  # type: ignore[method-assign]  # pyright: ignore[reportPrivateUsage]
    stream.handle = handle_in_turn  # type: ignore[method-assign]  # both of this connection only
