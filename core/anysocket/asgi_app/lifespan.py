"""Startup and shutdown (https://asgi.readthedocs.io/en/latest/specs/lifespan.html)."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias, cast

from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send

Lifespan: TypeAlias = Callable[[], AbstractAsyncContextManager[Mapping[str, object] | None]]
"""It is entered at startup and left at shutdown. The mapping that it yields is in every `state`."""

_log = logging.getLogger("anysocket")


async def run(lifespan: Lifespan, http: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run our own lifespan around that of the ASGI app that answers http.

    Our lifespan begins first and ends last. An app without one may raise or return (ASGI,
    Lifespan), which doesn't affect ours.
    """
    await receive()  # lifespan.startup
    inner = _InnerLifespan(receive, send)
    try:
        async with lifespan() as state:
            # The server passes an empty dict as "state" (ASGI, Lifespan State).
            cast("dict[str, object]", scope.setdefault("state", {})).update(state or {})
            await inner.run(http, scope)
    except Exception as error:
        _log.exception("the lifespan failed at %s", inner.phase)
        if not inner.failed:  # a failure is reported once
            message = f"{type(error).__name__}: {error}"
            await send({"type": f"lifespan.{inner.phase}.failed", "message": message})
        raise
    if not inner.failed:
        await send({"type": "lifespan.shutdown.complete"})


class _InnerLifespan:
    """The lifespan events of the http app. We answer the startup and the shutdown ourselves."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._begun = False
        self._shutdown_seen = False
        self.phase = "startup"
        self.failed = False

    async def run(self, http: ASGIApp, scope: Scope) -> None:
        try:
            await http(scope, self.receive, self.send)
        except Exception:
            # Before its startup is complete, this only means that it has no lifespan.
            if self.phase == "shutdown" and not self.failed:
                _log.exception("the http application's lifespan failed")
        if self.failed:
            return
        if self.phase == "startup":
            await self.send({"type": "lifespan.startup.complete"})
        if not self._shutdown_seen:
            await self._receive()

    async def receive(self) -> ASGIEvent:
        if not self._begun:
            self._begun = True
            return {"type": "lifespan.startup"}
        event = await self._receive()
        self._shutdown_seen = True
        return event

    async def send(self, event: ASGIEvent) -> None:
        kind = event["type"]
        if kind == "lifespan.startup.complete":
            self.phase = "shutdown"
            await self._send(event)
        elif kind in ("lifespan.startup.failed", "lifespan.shutdown.failed"):
            self.failed = True
            await self._send(event)
        # lifespan.shutdown.complete is sent when our own lifespan has ended too.
