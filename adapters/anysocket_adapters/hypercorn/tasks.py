"""Tasks beside a connection of hypercorn's."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypercorn.protocol.ws_stream import WSStream


def spawn(stream: "WSStream", function: Callable[..., Awaitable[None]], *arguments: object) -> None:
    """Start a task that ends with the stream's connection."""
    stream.task_group.spawn(function, *arguments)  # pyright: ignore[reportUnknownMemberType]  # half typed
