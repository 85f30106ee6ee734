"""hypercorn on trio: a send that can be cancelled while it waits for the peer."""

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from hypercorn.protocol.ws_stream import WSStream
    from wsproto.events import Event
else:
    WSStream = object

TRIO_STREAM = Repairs("hypercorn", "hypercorn.protocol.ws_stream:WSStream")
"""For streams over HTTP/1.1: over HTTP/2 another task writes."""


@TRIO_STREAM.repair(needs=("_send_wsproto_event", "task_group"), keeps=("cancelled_send",))
class WritesInAnotherTask(WSStream):
    """Write in a task of the connection, so that the task that sends may be cancelled.

    hypercorn 0.18 shields each write from cancellation, since half a frame would break the
    connection. asyncio writes into a buffer of its own.
    """

    async def _send_wsproto_event(self, event: "Event") -> None:
        import trio

        send, written = super()._send_wsproto_event, anyio.Event()
        failure: Exception | None = None

        async def write() -> None:
            nonlocal failure
            try:
                with suppress(trio.BusyResourceError):  # the connection is being closed
                    await send(event)
            except Exception as error:  # such as a message that isn't UTF-8
                failure = error
            finally:
                written.set()

        self.task_group.spawn(write)
        await written.wait()
        if failure is not None:
            raise failure
