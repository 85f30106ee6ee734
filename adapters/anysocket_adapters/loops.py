"""The event loops that a worker can run on."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec

import anyio
from anyio.lowlevel import current_token

from anysocket_adapters.enduring import goes_on
from anysocket_adapters.options import Loop


def run(loop: Loop, main: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine function to its end in a new event loop.

    Raises:
        ValueError: the loop isn't installed; the message has the command that installs it.
    """
    check(loop)
    if loop == "trio":
        anyio.run(main, backend="trio")
    else:
        anyio.run(main, backend="asyncio", backend_options={"loop_factory": goes_on(_class(loop))})


def _class(loop: Loop) -> type[asyncio.AbstractEventLoop]:
    if loop == "uvloop":
        from uvloop import Loop as UVLoop

        return UVLoop
    return asyncio.SelectorEventLoop


def check(loop: Loop) -> None:
    """Check that a loop is installed.

    Raises:
        ValueError: it isn't; the message has the command that installs it.
    """
    if find_spec(loop) is None:
        raise ValueError(f"loop {loop} isn't installed: pip install {loop}")


def current() -> Loop:
    """Give the name of the running loop."""
    native: object = current_token().native_token
    if not isinstance(native, asyncio.AbstractEventLoop):
        return "trio"
    return "uvloop" if type(native).__module__.partition(".")[0] == "uvloop" else "asyncio"


async def end_everything(within: float) -> None:
    """Cancel the tasks that a server has left in its asyncio loop, until none is left.

    Args:
        within: seconds to try.

    One cancellation isn't enough. hypercorn 0.18 goes on with the next thing that it has to send, and
    would wait for ever for a peer that doesn't read; uvicorn's websockets waits ten seconds. On trio
    no task outlives its nursery.
    """
    if current() == "trio":
        return
    current_task = asyncio.current_task()
    until = anyio.current_time() + within
    while (left := asyncio.all_tasks() - {current_task}) and anyio.current_time() < until:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.05)
