"""An app's lifespan, run for a server that has no lifespan of its own."""

import asyncio
import logging

from anysocket.asgi import ASGIApp, ASGIEvent
from anysocket_adapters.server import ServerFailed

_log = logging.getLogger("anysocket")


class Lifespan:
    """The lifespan of an ASGI app (https://asgi.readthedocs.io/en/latest/specs/lifespan.html)."""

    def __init__(self, app: ASGIApp) -> None:
        self.state: dict[str, object] = {}
        """The state that the app gives to every connection."""
        self._app = app
        self._begun = False
        self._failure: str | None = None
        self._started = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Start the app, and wait until it has started.

        Raises:
            ServerFailed: the app reports that its startup failed.
        """
        self._task = asyncio.create_task(self._run())
        await self._started.wait()
        if self._failure is not None:
            raise ServerFailed(f"the application's startup failed: {self._failure}")

    async def shutdown(self) -> None:
        """Stop the app, and wait until it has ended."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        try:
            asgi = {"version": "3.0", "spec_version": "2.0"}
            await self._app(
                {"type": "lifespan", "asgi": asgi, "state": self.state}, self._receive, self._send
            )
        except Exception:
            # Before the startup is complete an exception means that the app has no lifespan.
            if self._started.is_set() and self._failure is None:
                _log.exception("the application's lifespan failed")
        finally:
            self._started.set()

    async def _receive(self) -> ASGIEvent:
        if not self._begun:
            self._begun = True
            return {"type": "lifespan.startup"}
        await self._stopping.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, event: ASGIEvent) -> None:
        match event["type"]:
            case "lifespan.startup.complete":
                self._started.set()
            case "lifespan.startup.failed":
                self._failure = str(event.get("message", ""))
                self._started.set()
            case "lifespan.shutdown.failed":
                _log.error("the application's shutdown failed: %s", event.get("message", ""))
            case _:
                pass
