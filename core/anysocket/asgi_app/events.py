"""One connection in ASGI's own terms: the two callables that an ASGI application is called with.

https://asgi.readthedocs.io/en/latest/specs/www.html#websocket (version 2.5). The contract says,
under N, what holds where the specification leaves it open.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias, cast

import anyio
from anyio.lowlevel import checkpoint

from anysocket.asgi import ASGIEvent
from anysocket.asgi_app.fields import Disconnected, header_lines, optional, response_status
from anysocket.close import Close, CloseCode, cut
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.handshake import Denial, Handshake, HeaderLines, response, validated
from anysocket.session.session import Session
from anysocket.session.state import Action

_log = logging.getLogger("anysocket")


class Events:
    """The `receive` and `send` that an ASGI application is called with. The session keeps the state."""

    def __init__(self, session: Session, handshake: Handshake) -> None:
        self._session = session
        # Over HTTP/2 every status from 200 on opens the connection (RFC 8441 section 5).
        self._lowest_status = 300 if handshake.http_version == "2" else 200
        self._connected = not session.connecting
        self._receiving = anyio.Lock(fast_acquire=True)  # a session takes one receive at a time
        self._handshaking = anyio.Lock()  # held to watch for the peer's loss, and to answer
        self._watch = anyio.CancelScope()
        self._answered = anyio.Event()
        self._response = _Response()
        self._closed_itself = False

    async def receive(self) -> ASGIEvent:
        """Return the next event; at the end the disconnect, every time."""
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        async with self._receiving:
            await self._until_answered_or_lost()
            try:
                message = await self._session.receive()
            except InvalidState as mistake:
                raise RuntimeError(str(mistake)) from None
        if isinstance(message, str):
            return {"type": "websocket.receive", "text": message}
        if message:
            return {"type": "websocket.receive", "bytes": message}
        if message is not None:
            return _Empty({"type": "websocket.receive", "bytes": message})
        if self._closed_itself:  # an application that sees the end may cancel its task that closes
            await self._session.wait_close_sent()
        code = CloseCode.ABNORMAL_CLOSURE if self._session.code is None else self._session.code
        return {"type": "websocket.disconnect", "code": int(code), "reason": self._session.reason}

    async def send(self, event: ASGIEvent) -> None:
        """Do what an event says.

        Raises:
            RuntimeError: the event isn't legal now. Nothing has been sent.
            TypeError: a field has the wrong type. Nothing has been sent.
            ValueError: a field has a value that can't be sent. Nothing has been sent.
            Disconnected: the connection has ended, and the application hasn't closed it. To close
                it then does nothing.
        """
        known = _ACTS.get(event.get("type"))
        if known is None or not self._session.allows(known[0]):
            await checkpoint()  # the application may be in a loop that ignores the end
            raise self._refusal(event)
        try:
            await known[1](self, event)
        except ConnectionClosed as closed:
            raise Disconnected(closed.code, closed.reason) from None
        except InvalidState as mistake:
            raise RuntimeError(str(mistake)) from None

    def _refusal(self, event: ASGIEvent) -> Disconnected | RuntimeError:
        if self._session.code is not None and not self._closed_itself:
            return Disconnected(self._session.code, self._session.reason)
        state = self._session.state.value
        return RuntimeError(f"unexpected ASGI event {event.get('type')!r} while the connection is {state}")

    async def accept(self, event: ASGIEvent) -> None:
        """websocket.accept."""
        subprotocol = optional(event, "subprotocol", str)
        headers = header_lines(event)
        async with self._to_answer(event):
            try:
                await self._session.accept(subprotocol, headers)
            except Unsupported as lack:
                if not headers:
                    raise
                _warn_once(str(lack))
                await self._session.accept(subprotocol)

    async def send_message(self, event: ASGIEvent) -> None:
        """websocket.send; bytes win where both are given."""
        data, text = event.get("bytes"), event.get("text")
        if data is not None:
            if isinstance(data, str):
                raise TypeError("websocket.send: bytes must be bytes, not str")
            await self._session.send(cast("bytes", data))  # the session refuses every other type
        elif text is None:
            raise ValueError("websocket.send needs bytes or text")
        elif isinstance(text, str):
            await self._session.send(text)
        else:
            raise TypeError(f"websocket.send: text must be str, not {type(text).__name__}")

    async def close(self, event: ASGIEvent) -> None:
        """websocket.close: before accept a 403, whatever its code; a reason that is too long is cut."""
        if self._session.code is not None:
            if self._closed_itself:
                raise self._refusal(event)
            return  # contract C3
        if self._session.connecting:
            async with self._to_answer(event):
                await self._session.close()
                self._closed_itself = True
            return
        code = optional(event, "code", int)
        reason = cut(optional(event, "reason", str) or "")
        close = Close(CloseCode.NORMAL_CLOSURE if code is None else code, reason)
        close.validate()
        self._closed_itself = True
        await self._session.close(close.code, close.reason)

    async def start_response(self, event: ASGIEvent) -> None:
        """websocket.http.response.start; sent with the end of its body, as some servers require."""
        status = response_status(event, self._lowest_status)
        headers = validated(header_lines(event))
        async with self._to_answer(event):
            self._session.begin_denial()
            self._response = _Response(status, headers)

    async def continue_response(self, event: ASGIEvent) -> None:
        """websocket.http.response.body."""
        self._response.body += optional(event, "body", bytes) or b""
        if event.get("more_body", False):
            return
        denial = response(self._response.status, self._response.headers, bytes(self._response.body))
        async with self._to_answer(event):
            try:
                await self._session.deny(denial)
            except Unsupported as lack:
                _warn_once(str(lack))
                await self._deny_without_response(denial.status)
            self._closed_itself = True

    async def _deny_without_response(self, status: int) -> None:
        """Send the status alone, or 403, which every server can send."""
        try:
            await self._session.deny(Denial(status))
        except Unsupported:
            await self._session.deny(response(403, (), b""))

    @asynccontextmanager
    async def _to_answer(self, event: ASGIEvent) -> AsyncGenerator[None, None]:
        """Answer the handshake while no task watches for a loss, which would take the first message."""
        self._watch.cancel()
        async with self._handshaking:
            if not self._session.connecting:  # another task has answered, or the peer has left
                raise self._refusal(event)
            try:
                yield
            finally:
                self._answered.set()
                self._answered = anyio.Event()

    async def _until_answered_or_lost(self) -> None:
        while self._session.connecting:
            answered = self._answered
            with anyio.CancelScope() as self._watch:
                async with self._handshaking:
                    if self._session.connecting:  # it may have been answered in between
                        await self._session.wait_disconnected()
            if self._session.connecting:
                await answered.wait()


class _Empty(dict[str, object]):
    """An empty binary message, whose missing text is empty too.

    bareASGI 4.4 and Quart 0.22 treat empty bytes as missing, and read the text, which isn't there.
    """

    def __missing__(self, key: str) -> object:
        if key == "text":
            return self["bytes"]
        raise KeyError(key)


@dataclass(slots=True)
class _Response:
    """A denial whose body isn't complete."""

    status: int = 403
    headers: HeaderLines = ()
    body: bytearray = field(default_factory=bytearray)


_Act: TypeAlias = Callable[[Events, ASGIEvent], Awaitable[None]]


_ACTS: Mapping[object, tuple[Action, _Act]] = {
    "websocket.accept": (Action.ACCEPT, Events.accept),
    "websocket.send": (Action.SEND, Events.send_message),
    "websocket.close": (Action.CLOSE, Events.close),
    "websocket.http.response.start": (Action.RESPOND, Events.start_response),
    "websocket.http.response.body": (Action.BODY, Events.continue_response),
}
"""Each event of an application: the action that must be legal, and the method that does it."""


@cache
def _warn_once(lack: str) -> None:
    _log.warning("%s; the application goes on without", lack)
