"""What the connections of a worker share, as hypercorn has it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from anyio.lowlevel import checkpoint

from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from hypercorn.asyncio.worker_context import WorkerContext
    from hypercorn.protocol.ws_stream import WSStream
else:
    WorkerContext = object

CONTEXT = Repairs("hypercorn", "hypercorn.asyncio.worker_context:WorkerContext")
TRIO_CONTEXT = Repairs("hypercorn", "hypercorn.trio.worker_context:WorkerContext")

_USED = (
    *("mark_request", "terminated", "hypercorn.utils:repr_socket_addr"),
    *("hypercorn.config:Config.backlog", "hypercorn.config:Config.create_ssl_context"),
    *("hypercorn.config:Config.log", "hypercorn.config:Config.response_headers"),
)
_LIFESPAN = ("handle_lifespan", "wait_for_startup", "wait_for_shutdown")


@TRIO_CONTEXT.repair(
    needs=(*_USED, *(f"hypercorn.trio.lifespan:Lifespan.{each}" for each in _LIFESPAN)),
    keeps=("early_message",),
)
@CONTEXT.repair(
    needs=(*_USED, *(f"hypercorn.asyncio.lifespan:Lifespan.{each}" for each in _LIFESPAN)),
    keeps=("early_message",),
)
class LetsApplicationsBegin(WorkerContext):
    """hypercorn takes what comes in the packet of a request before its application has begun.

    It needs all that our worker uses.
    """

    async def mark_request(self) -> None:
        """Let the application begin whose request is counted here, before anything is read behind it."""
        await super().mark_request()
        for _ in range(2):  # trio may run this task first, once
            await checkpoint()

    async def stop(self) -> None:
        """End the connections that are idle."""
        await self.terminated.set()


def spawn(stream: "WSStream", function: Callable[..., Awaitable[None]], *arguments: object) -> None:
    """Start a task that ends with the stream's connection."""
    stream.task_group.spawn(function, *arguments)  # pyright: ignore[reportUnknownMemberType]  # half typed
