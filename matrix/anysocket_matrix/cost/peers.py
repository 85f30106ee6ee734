"""The benchmark's apps of other frameworks, without sockets: `anysocket cost --app starlette`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import cast

from anysocket.asgi import ASGIApp, ASGIEvent
from anysocket_matrix.bench.apps import FRAMEWORKS, choose


def peer(name: str) -> ASGIApp:
    """Import a framework's app.

    Raises:
        ValueError: there is no such framework here.
    """
    if name not in FRAMEWORKS:
        raise ValueError(f"there is no framework {name!r}: choose from {', '.join(FRAMEWORKS)}")
    app = choose([name])[-1]
    return cast("ASGIApp", import_module(app.target.removesuffix(":app")).app)  # each has its own types


@asynccontextmanager
async def started(app: ASGIApp) -> AsyncGenerator[None, None]:
    """Start an app's lifespan, without which some frameworks don't answer."""
    begun = asyncio.Event()
    first = True

    async def receive() -> ASGIEvent:
        nonlocal first
        if not first:
            await asyncio.Event().wait()  # the end never comes
        first = False
        return {"type": "lifespan.startup"}

    async def send(event: ASGIEvent) -> None:
        begun.set()

    async def live() -> None:
        # Not every app has a lifespan (ASGI, lifespan protocol): one without raises or returns.
        with suppress(Exception):
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        begun.set()

    task = asyncio.create_task(live())
    await begun.wait()
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
