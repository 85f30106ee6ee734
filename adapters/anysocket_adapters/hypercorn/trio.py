"""hypercorn on trio: a send that waits for the peer, and can be cancelled."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, runtime_checkable

import anyio

from anysocket_adapters import loops
from anysocket_adapters.hypercorn.stream import Stream


@runtime_checkable
class _Protocol(Protocol):
    """What is used of `hypercorn.protocol.h11.H11Protocol`, one object per connection."""

    send: Callable[[object], Awaitable[None]]


def let_sends_be_cancelled(stream: Stream) -> None:
    """Write in a task of the connection's, where the task that sends may be cancelled.

    hypercorn 0.18 shields each write from cancellation, since half a frame would break the
    connection. asyncio writes into a buffer of its own.
    """
    protocol = getattr(stream.send, "__self__", None)
    if loops.current() != "trio" or not isinstance(protocol, _Protocol):
        return
    send = protocol.send
    if not hasattr(send, "__self__"):
        return  # ours already

    import trio

    async def sending(event: object) -> None:
        if type(event).__name__ != "RawData":
            await send(event)
            return
        written = anyio.Event()

        async def write() -> None:
            try:
                with suppress(trio.BusyResourceError):  # the connection is being closed
                    await send(event)
            finally:
                written.set()

        stream.task_group.spawn(write)
        await written.wait()

    protocol.send = sending
