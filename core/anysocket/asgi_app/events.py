"""One connection in ASGI's own terms: the two callables that an ASGI application is called with.

https://asgi.readthedocs.io/en/latest/specs/www.html#websocket (version 2.5). What the
specification leaves open is the same on every server, and in the contract under N.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias, TypeVar, cast

import anyio

from anysocket.asgi import ASGIEvent
from anysocket.close import Close, CloseCode, cut
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported
from anysocket.handshake import Denial, Handshake, HeaderLines, response, validated
from anysocket.session.session import Session
from anysocket.session.state import State

_log = logging.getLogger("anysocket")

Field = TypeVar("Field")


class Disconnected(ConnectionClosed, OSError):
    """The peer has left: what ASGI has `send` raise then, a subclass of OSError (version 2.4)."""


class Events:
    """What an ASGI application has of a connection: `receive` and `send`, which keep its state right."""

    def __init__(self, session: Session, handshake: Handshake) -> None:
        self._session = session
        # Over HTTP/2 every status from 200 opens the connection (RFC 8441 section 5).
        self._lowest_status = 300 if handshake.http_version == "2" else 200
        self._connected = session.state is not State.CONNECTING
        self._receiving = anyio.Lock(fast_acquire=True)  # several tasks may receive, the session's only one
        self._answering = anyio.Lock()  # or watching for the peer's loss until there is an answer
        self._closing = anyio.Lock(fast_acquire=True)
        self._watch = anyio.CancelScope()
        self._answered = anyio.Event()
        self._response: _Response | None = None
        self._ended_itself = False

    async def receive(self) -> ASGIEvent:
        """Give the next event; at the end the disconnect, every time."""
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        async with self._receiving:
            await self._until_answered_or_lost()
            message = await self._session.receive()
        if isinstance(message, str):
            return {"type": "websocket.receive", "text": message}
        if message:
            return {"type": "websocket.receive", "bytes": message}
        if message is not None:
            return _Empty({"type": "websocket.receive", "bytes": message})
        async with self._closing:  # who learns of the end may cancel the task that closes
            pass
        code = CloseCode.ABNORMAL_CLOSURE if self._session.code is None else self._session.code
        return {"type": "websocket.disconnect", "code": int(code), "reason": self._session.reason}

    async def send(self, event: ASGIEvent) -> None:
        """Do what an event says.

        Raises:
            RuntimeError: it isn't this event's turn. Nothing has been sent.
            TypeError: a field has the wrong type. Nothing has been sent.
            ValueError: a field has a value that can't be sent. Nothing has been sent.
            Disconnected: the connection has ended, and not by the application; closing it then
                does nothing.
        """
        state = self._session.state if self._response is None else _RESPONDING
        act = _ACTS.get((state, event.get("type")))
        if act is None:
            if self._ended_by_others and event.get("type") == "websocket.close":
                return  # as contract C3 has it
            raise self._not_now(event)
        try:
            await act(self, event)
        except ConnectionClosed as closed:
            raise Disconnected(closed.code, closed.reason) from None
        except InvalidState as mistake:
            raise RuntimeError(str(mistake)) from None

    @property
    def _ended_by_others(self) -> bool:
        return self._session.code is not None and not self._ended_itself

    def _not_now(self, event: ASGIEvent) -> Disconnected | RuntimeError:
        if self._session.code is not None and self._ended_by_others:
            return Disconnected(self._session.code, self._session.reason)
        now = self._session.state.value if self._response is None else _RESPONDING
        return RuntimeError(f"unexpected ASGI event {event.get('type')!r} while the connection is {now}")

    async def accept(self, event: ASGIEvent) -> None:
        """websocket.accept."""
        subprotocol = _optional(event, "subprotocol", str)
        headers = _headers(event)
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
            await self._session.send(cast("bytes", data))  # any other type is refused there
        elif text is None:
            raise ValueError("websocket.send needs bytes or text")
        elif isinstance(text, str):
            await self._session.send(text)
        else:
            raise TypeError(f"websocket.send: text must be str, not {type(text).__name__}")

    async def refuse(self, event: ASGIEvent) -> None:
        """websocket.close before accept: a 403, whatever its code and reason."""
        async with self._to_answer(event):
            await self._session.close()
            self._ended_itself = True

    async def close(self, event: ASGIEvent) -> None:
        """websocket.close; a reason that is too long is cut."""
        code = _optional(event, "code", int)
        reason = cut(_optional(event, "reason", str) or "")
        close = Close(CloseCode.NORMAL_CLOSURE if code is None else code, reason)
        close.validate()
        self._ended_itself = True
        async with self._closing:
            await self._session.close(close.code, close.reason)

    async def start_response(self, event: ASGIEvent) -> None:
        """websocket.http.response.start; sent with the end of its body, as some servers must."""
        status = _optional(event, "status", int)
        if status is None:
            raise TypeError("websocket.http.response.start needs a status")
        if not self._lowest_status <= status <= 599:
            raise ValueError(f"status {status} doesn't refuse a connection: use {self._lowest_status}-599")
        headers = validated(_headers(event))
        async with self._to_answer(event):
            self._response = _Response(status, headers)

    async def continue_response(self, event: ASGIEvent) -> None:
        """websocket.http.response.body."""
        assert self._response is not None  # or it wouldn't be this event's turn
        self._response.body += _optional(event, "body", bytes) or b""
        if event.get("more_body", False):
            return
        denial = response(self._response.status, self._response.headers, bytes(self._response.body))
        async with self._to_answer(event):
            try:
                await self._session.deny(denial)
            except Unsupported as lack:
                _warn_once(str(lack))
                await self._deny_barely(denial.status)
            self._response = None
            self._ended_itself = True

    async def _deny_barely(self, status: int) -> None:
        """Send the status alone, or what every server can: 403."""
        try:
            await self._session.deny(Denial(status))
        except Unsupported:
            await self._session.close()

    @asynccontextmanager
    async def _to_answer(self, event: ASGIEvent) -> AsyncGenerator[None, None]:
        """Answer the handshake while nobody watches for a loss: that would take the first message."""
        self._watch.cancel()
        async with self._answering:
            if self._session.state is not State.CONNECTING:  # another task was first, or the peer left
                raise self._not_now(event)
            try:
                yield
            finally:
                self._answered.set()
                self._answered = anyio.Event()

    async def _until_answered_or_lost(self) -> None:
        while self._session.state is State.CONNECTING:
            answered = self._answered
            with anyio.CancelScope() as self._watch:
                async with self._answering:
                    if self._session.state is State.CONNECTING:  # perhaps answered in between
                        await self._session.wait_lost()
            if self._session.state is State.CONNECTING:
                await answered.wait()


class _Empty(dict[str, object]):
    """An empty binary message, whose missing text is empty too.

    bareASGI 4.4 and Quart 0.22 take empty bytes for none, and then the text, which isn't there.
    """

    def __missing__(self, key: str) -> object:
        if key == "text":
            return self["bytes"]
        raise KeyError(key)


@dataclass(slots=True)
class _Response:
    """A denial in the making."""

    status: int
    headers: HeaderLines
    body: bytearray = field(default_factory=bytearray)


_RESPONDING = "responding"

_Act: TypeAlias = Callable[[Events, ASGIEvent], Awaitable[None]]

_ACTS: Mapping[tuple[State | str, object], _Act] = {
    (State.CONNECTING, "websocket.accept"): Events.accept,
    (State.CONNECTING, "websocket.close"): Events.refuse,
    (State.CONNECTING, "websocket.http.response.start"): Events.start_response,
    (_RESPONDING, "websocket.http.response.body"): Events.continue_response,
    (State.OPEN, "websocket.send"): Events.send_message,
    (State.OPEN, "websocket.close"): Events.close,
}
"""What an application can do when: every other event isn't its turn."""


def _optional(event: ASGIEvent, key: str, kind: type[Field]) -> Field | None:
    value = event.get(key)
    if value is None or (isinstance(value, kind) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{event['type']}: {key} must be {kind.__name__} or None, not {type(value).__name__}")


def _headers(event: ASGIEvent) -> list[tuple[bytes, bytes]]:
    lines: list[tuple[bytes, bytes]] = []
    for pair in cast("Iterable[object]", event.get("headers") or ()):
        match pair:
            case (bytes(name), bytes(value)):
                lines.append((name, value))
            case _:
                raise TypeError(f"{event['type']}: headers are pairs of bytes, not {pair!r}")
    return lines


@cache
def _warn_once(lack: str) -> None:
    _log.warning("%s; the application goes on without", lack)
