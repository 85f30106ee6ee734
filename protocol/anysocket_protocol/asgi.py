"""A connection that runs an ASGI application (ASGI 3.0; WebSocket, version 2.5).

Events are checked as `normalise` checks them (contract N3 to N6).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast
from urllib.parse import unquote_to_bytes

from anysocket.asgi import ASGIApp, ASGIEvent, Scope
from anysocket.asgi_app.fields import Disconnected, header_lines, optional, response_status
from anysocket.close import Close, CloseCode, cut
from anysocket.handshake import Address, response, validated
from anysocket.session.session import MAX_CALLS_AFTER_END, as_bytes
from anysocket.supervision.cancellation import cancels_the_task, closes_the_coroutine
from anysocket.supervision.failures import LOGGED
from anysocket_protocol.connection import Connection
from anysocket_protocol.frames import BINARY, SHORT_HEADERS, TEXT
from anysocket_protocol.handshake import Request
from anysocket_protocol.settings import Settings
from anysocket_protocol.state import CONNECTING, OPEN, PEER_CLOSED, RESPONDING, State

_log = logging.getLogger("anysocket_protocol")

_HELD_RESPONSE: Final = 64 * 1024
"""Bytes of a denial's body that are held until it is complete: one that fails before gives 500."""


class ASGIConnection(Connection):
    """One connection with the task that runs the application.

    Args:
        app: the application.
        state: what its lifespan yielded; the scope gets a copy.
        settings: how it is served.
        loop: the event loop that it lives in.
    """

    __slots__ = (
        "_app",
        "_app_state",
        "_burst",
        "_closed_itself",
        "_connect_taken",
        "_response",
        "_sent",
        "_task",
    )

    def __init__(
        self, app: ASGIApp, state: Mapping[str, object], settings: Settings, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(settings, loop)
        self._app = app
        self._app_state = state
        self._connect_taken = False
        self._closed_itself = False
        """Whether the application has closed or refused the connection."""
        self._response: _Response | None = None
        """A denial of which nothing has been sent yet."""
        self._burst = settings.limits.burst
        self._sent = 0
        """Messages since the application last let others have their turn."""
        self._task: asyncio.Task[None] | None = None

    def started(self, task: "asyncio.Task[None]") -> None:
        """Take the task that runs the application, which has just been made."""

    # The application

    def requested(self, request: Request) -> None:
        """Run the application."""
        self._task = self._loop.create_task(self._run(self._scope(request)))
        self.started(self._task)

    def _scope(self, request: Request) -> Scope:
        raw_path, _, query = request.target.partition(b"?")
        root_path = self._settings.root_path
        path = unquote_to_bytes(raw_path).decode(errors="replace")
        if root_path and path != root_path and not path.startswith(root_path + "/"):
            path = root_path + path  # a proxy has taken it off
        transport = self._transport
        assert transport is not None  # a request has come through it
        return {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "1.1",
            "scheme": "ws" if transport.get_extra_info("sslcontext") is None else "wss",
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": root_path,
            "headers": list(request.headers),
            "client": address(transport.get_extra_info("peername")),
            "server": address(transport.get_extra_info("sockname")),
            "subprotocols": request.elements(b"sec-websocket-protocol"),
            "state": dict(self._app_state),
            "extensions": {"websocket.http.response": {}},
        }

    async def _run(self, scope: Scope) -> None:
        """Call the application, and end the connection as it ends."""
        try:
            await self._app(scope, self.receive, self.send)
        except Disconnected:
            pass
        except BaseException as error:  # an exit too: it is one connection's, and not the server's
            if closes_the_coroutine(error):
                raise
            if cancels_the_task(error):
                self._end(CloseCode.GOING_AWAY)
                raise
            self._failed(error)
        else:
            if self.state is CONNECTING:
                _log.error("the application of %s returned without an answer", scope["path"])
            self._end(CloseCode.NORMAL_CLOSURE)

    def _failed(self, error: BaseException) -> None:
        if LOGGED.get() is not error:
            _log.error("the application failed", exc_info=error)
        self._end(CloseCode.INTERNAL_ERROR)

    def _end(self, code: CloseCode) -> None:
        """End the connection as its application has ended."""
        if self.state is CONNECTING or self._response is not None:
            self._response = None
            if code is CloseCode.GOING_AWAY:
                self.refuse(503, "the server is shutting down")
            else:
                self.refuse(500, "Internal Server Error")
        elif self.state is RESPONDING:
            self._abort()  # the peer sees that the response isn't complete
        elif self._can_send:
            self.close(code, "")

    # receive

    async def receive(self) -> ASGIEvent:
        """Give the next event; after the end, the same disconnect every time (ASGI, Receive).

        A call that is cancelled loses nothing.
        """
        if not self._connect_taken:
            self._connect_taken = True
            return {"type": "websocket.connect"}
        inbox = self._inbox
        if inbox.end_taken:
            await asyncio.sleep(0)  # an application that ignores the end stops nobody else
            inbox.end_taken += 1
            if inbox.end_taken > MAX_CALLS_AFTER_END:
                raise RuntimeError(
                    f"receive was called {inbox.end_taken} times after websocket.disconnect: "
                    "leave the loop when it comes"
                )
            return self._disconnect()
        try:
            while not inbox.unread:
                await inbox.more()
                if inbox.end_taken:
                    return self._disconnect()
            message = inbox.unread.pop(0)
        finally:
            if inbox.in_line:
                inbox.let_next_look()
        event: ASGIEvent
        if isinstance(message, str):
            event = {"type": "websocket.receive", "text": message}
        elif isinstance(message, bytes):
            event = {"type": "websocket.receive", "bytes": message}
        else:
            inbox.end_taken = 1
            if self.state is PEER_CLOSED:
                self._answer_close()
            return self._disconnect()
        inbox.size -= len(message)
        if not self._reading:
            self._received()
        return event

    def _disconnect(self) -> ASGIEvent:
        end = self._inbox.end
        assert end is not None  # it has been taken
        return {"type": "websocket.disconnect", "code": end.code, "reason": end.reason}

    # send

    async def send(self, event: ASGIEvent) -> None:
        """Do what an event says (ASGI, Accept, Send, Close, and WebSocket Denial Response).

        Raises:
            RuntimeError: the event isn't legal now. Nothing has been sent.
            TypeError: a field has the wrong type. Nothing has been sent.
            ValueError: a field has a value that can't be sent. Nothing has been sent.
            Disconnected: the connection has ended, and the application hasn't closed it.
        """
        kind = event.get("type")
        if kind == "websocket.send":
            try:
                sent = self.send_message(event)
            except Disconnected:
                await asyncio.sleep(0)  # an application that ignores the end stops nobody else
                raise
            if sent is not _DONE:
                await sent
            return
        if not self._writing and self.state is RESPONDING:
            await self._drain()
        act = _ACTS.get((self.state, kind))
        if act is not None:
            act(self, event)
        elif kind != "websocket.close" or self._inbox.end is None or self._closed_itself:
            raise self._refusal(event)  # else the peer has left, and there is nothing to close

    def send_message(self, event: ASGIEvent) -> Awaitable[None]:
        """Send a message as `send` does, without a coroutine where there is nothing to wait for."""
        if self.state is not OPEN and self.state is not PEER_CLOSED:
            raise self._refusal(event)
        if not self._writing:
            return self._send_later(event)
        data = event.get("bytes")
        if data is None:
            text = event.get("text")
            if not isinstance(text, str):
                raise _no_message(text)
            opcode, payload = TEXT, text.encode()
        else:
            opcode, payload = BINARY, data if isinstance(data, bytes) else as_bytes(data)
        size = len(payload)
        if size <= 125 and self._deflater is None:
            self._write(SHORT_HEADERS[opcode][size] + payload)
        else:
            self._write_message(opcode, payload)
        self._sent += 1
        if self._sent < self._burst:
            return _DONE
        self._sent = 0
        return asyncio.sleep(0)  # an application that sends without a pause stops nobody else

    async def _send_later(self, event: ASGIEvent) -> None:
        await self._drain()
        if not self._can_send:
            raise self._disconnected()
        await self.send_message(event)

    def _refusal(self, event: ASGIEvent) -> Exception:
        if self._inbox.end is not None and not self._closed_itself:
            return self._disconnected()
        state = self.state.name
        return RuntimeError(f"unexpected ASGI event {event.get('type')!r} while the connection is {state}")

    def _disconnected(self) -> Disconnected:
        end = self._inbox.end
        return Disconnected(CloseCode.ABNORMAL_CLOSURE) if end is None else Disconnected(end.code, end.reason)

    def take_accept(self, event: ASGIEvent) -> None:
        """websocket.accept."""
        subprotocol = optional(event, "subprotocol", str)
        headers = validated(header_lines(event))
        assert self.request is not None  # or the state is another
        offered = self.request.elements(b"sec-websocket-protocol")
        if subprotocol is not None and subprotocol not in offered:
            raise ValueError(f"subprotocol {subprotocol!r} wasn't offered, only {offered}")
        self.accept(subprotocol, headers)

    def take_refusal(self, event: ASGIEvent) -> None:
        """websocket.close before accept: 403, whatever its code."""
        self._closed_itself = True
        self.respond(403, [(b"content-length", b"0")], b"", more=False)

    def take_close(self, event: ASGIEvent) -> None:
        """websocket.close; a reason that is too long is cut."""
        code = optional(event, "code", int)
        close = Close(
            CloseCode.NORMAL_CLOSURE if code is None else code, cut(optional(event, "reason", str) or "")
        )
        close.validate()
        self._closed_itself = True
        self.close(close.code, close.reason)

    def take_response(self, event: ASGIEvent) -> None:
        """websocket.http.response.start."""
        self._response = _Response(response_status(event, 200), validated(header_lines(event)))
        self.state = RESPONDING

    def take_response_body(self, event: ASGIEvent) -> None:
        """websocket.http.response.body: it goes out when it is complete, or too long to be held."""
        body, more = optional(event, "body", bytes) or b"", bool(event.get("more_body", False))
        held = self._response
        if held is not None:
            held.body += body
            if more and len(held.body) <= _HELD_RESPONSE:
                return
            headers = held.headers if more else response(held.status, held.headers, bytes(held.body)).headers
            self._response = None
            self.respond(held.status, headers, bytes(held.body), more=more)
        else:
            self.respond_on(body, more=more)
        self._closed_itself = not more


class _Response:
    """A denial that waits for more of its body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = headers
        self.body = bytearray()


_ACTS: Final[dict[tuple[State, object], Callable[[ASGIConnection, ASGIEvent], None]]] = {
    (CONNECTING, "websocket.accept"): ASGIConnection.take_accept,
    (CONNECTING, "websocket.close"): ASGIConnection.take_refusal,
    (CONNECTING, "websocket.http.response.start"): ASGIConnection.take_response,
    (RESPONDING, "websocket.http.response.body"): ASGIConnection.take_response_body,
    (OPEN, "websocket.close"): ASGIConnection.take_close,
    (PEER_CLOSED, "websocket.close"): ASGIConnection.take_close,
}
"""What is legal, beside messages, and the method that does it."""


_NOTHING_LEFT = iter(())


class _Done:
    """Has been done already. It is awaited for each message, by a function in C."""

    __slots__ = ()

    __await__ = staticmethod(_NOTHING_LEFT.__iter__)


_DONE = cast("Awaitable[None]", _Done())


def _no_message(text: object) -> Exception:
    if text is None:
        return ValueError("websocket.send needs bytes or text")
    return TypeError(f"websocket.send: text must be str, not {type(text).__name__}")


def address(value: object) -> Address | None:
    """Give host and port of a socket's address; a Unix socket has none."""
    if not isinstance(value, tuple):
        return None
    host, port, *_ = cast("tuple[str, int]", value)  # and two numbers more for IPv6
    return host, port
