"""What palfrey passes to an application for one WebSocket, and what is wrong with it for every one.

As of 0.2:

- The application is cancelled when the connection ends, before it can see that it has. After a
  reset it would never see it.
- A lost connection is reported as 1005.
- Sends after the end succeed silently.
- A denial's body must be UTF-8, its status one that Python's `http` module names, and it has the
  server's own content-type beside the application's.
- Of several Sec-WebSocket-Protocol lines only the first one counts.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import cast

from anysocket.adapter import Denial, RawHeaders
from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send
from anysocket_adapters import http_response, offered
from anysocket_adapters.repairs import Repairs

_DENIAL = ("websocket.http.response.start", "websocket.http.response.body")

WRITERS = Repairs("Python", "asyncio.streams:StreamWriter")

WRITER: ContextVar[asyncio.StreamWriter] = ContextVar("WRITER")
"""Where the connection of this context is written to."""


@WRITERS.repair(needs=("write",))
class WritesInstead(asyncio.StreamWriter):
    """Write a response of ours in place of palfrey's next one."""

    instead: bytes | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        instead, self.instead = self.instead, None
        super().write(data if instead is None else instead)


async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run an application until it ends by itself: palfrey cancels it when its connection is over."""
    channel = Channel(receive, send, WRITER.get())
    headers = cast("RawHeaders", scope["headers"])  # as the specification says
    scope["subprotocols"] = list(offered(headers))
    running = asyncio.ensure_future(app(scope, channel.receive, channel.send))
    try:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
            channel.end()
        await running
    finally:
        channel.close()


class Channel:
    """The events of one connection; its end among them, however it ends."""

    def __init__(self, receive: Receive, send: Send, writer: asyncio.StreamWriter) -> None:
        self._receive = receive
        self._send = send
        self._writer = writer
        self._events = asyncio.Queue[ASGIEvent]()
        self._end: ASGIEvent | None = None
        self._denial: list[ASGIEvent] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """Take what palfrey has queued, so that its end is known to who only sends."""
        while self._end is None:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                # Of a close frame it always gives the reason, and of a lost connection never.
                if event.get("code") == 1005 and "reason" not in event:
                    event["code"] = 1006
                self._end = event
            self._events.put_nowait(event)

    def end(self) -> None:
        """Tell of a loss, unless the end is known."""
        if self._end is None:
            self._end = {"type": "websocket.disconnect", "code": 1006}
            self._events.put_nowait(self._end)

    def close(self) -> None:
        """Read no more."""
        self._reading.cancel()

    async def receive(self) -> ASGIEvent:
        """Give the next event, and after the end that one, every time."""
        if self._end is not None and self._events.empty():
            return self._end
        return await self._events.get()

    async def send(self, event: ASGIEvent) -> None:
        """Pass an event on.

        Raises:
            ConnectionError: the connection has ended.
        """
        if self._end is not None:
            raise ConnectionError("the connection has ended")
        try:
            await self._deny(event) if event["type"] in _DENIAL else await self._send(event)
        except RuntimeError:
            await asyncio.sleep(0)  # palfrey knows of the end at once, `_read` in its turn
            if self._end is None:
                raise
            raise ConnectionError("the connection has ended") from None

    async def _deny(self, event: ASGIEvent) -> None:
        """Have palfrey write the application's response in place of its own."""
        self._denial.append(event)
        if event["type"] == _DENIAL[0] or event.get("more_body"):
            return
        WRITERS.apply(self._writer)
        if isinstance(self._writer, WritesInstead):
            self._writer.instead = http_response(_denial(self._denial))
        await self._send({"type": "websocket.close"})


def _denial(events: Sequence[ASGIEvent]) -> Denial:
    """Put a response together, of events that have the specification's shape: hence the casts."""
    start, *bodies = events
    return Denial(
        cast("int", start["status"]),
        cast("RawHeaders", start.get("headers", ())),
        b"".join(cast("bytes", each.get("body", b"")) for each in bodies),
    )
