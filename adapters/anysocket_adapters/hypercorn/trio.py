"""hypercorn on trio: how it accepts connections, and a send that can be cancelled."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from socket import socket
from ssl import SSLContext
from typing import TYPE_CHECKING

import anyio

from anysocket_adapters.hypercorn.context import spawn
from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from hypercorn.config import Config
    from hypercorn.protocol.ws_stream import WSStream
    from wsproto.events import Event
else:
    WSStream = object

TRIO_STREAM = Repairs("hypercorn", "hypercorn.protocol.ws_stream:WSStream")
"""Over HTTP/1.1; over HTTP/2 another task writes."""


@TRIO_STREAM.repair(
    needs=("_send_wsproto_event", "task_group", "hypercorn.typing:TaskGroup.spawn"), keeps=("cancelled_send",)
)
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

        spawn(self, write)
        await written.wait()
        if failure is not None:
            raise failure


async def accept_connections(
    connected: Callable[..., Awaitable[None]],
    config: "Config",
    listener: socket,
    tls: SSLContext | None,
    stop: Callable[[], Awaitable[None]],
) -> None:
    """Accept connections until `stop` returns, then give them the graceful timeout to end."""
    import trio

    listener.listen(config.backlog)
    tcp = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    accepting = trio.SSLListener(tcp, tls, https_compatible=True) if tls else tcp
    async with trio.open_nursery() as connections:
        async with accepting, trio.open_nursery() as nursery:
            serve = partial(trio.serve_listeners, connected, [accepting], handler_nursery=connections)
            nursery.start_soon(serve)
            await stop()
            nursery.cancel_scope.cancel()
        connections.cancel_scope.deadline = trio.current_time() + config.graceful_timeout
