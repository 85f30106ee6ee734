"""A connection that runs an ASGI application (ASGI 3.0; WebSocket, version 2.5)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, MutableMapping
from typing import Final, TypeAlias, cast
from urllib.parse import unquote_to_bytes

from anysocket_protocol.connection import Connection
from anysocket_protocol.frames import BINARY, TEXT
from anysocket_protocol.handshake import Request
from anysocket_protocol.settings import Settings
from anysocket_protocol.state import CONNECTING, OPEN, PEER_CLOSED, RESPONDING, State

Scope: TypeAlias = MutableMapping[str, object]
ASGIEvent: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[ASGIEvent]]
Send: TypeAlias = Callable[[ASGIEvent], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("anysocket")


class Disconnected(OSError):
    """The connection has ended (ASGI, Send)."""


class ASGIConnection(Connection):
    """One connection with the task that runs the application.

    Args:
        app: the application.
        state: what its lifespan yielded; the scope gets a copy.
        settings: how it is served.
        loop: the event loop that it lives in.
    """

    __slots__ = ("_app", "_app_state", "_closed_itself", "_connect_taken", "_sent", "_task")

    def __init__(
        self, app: ASGIApp, state: Mapping[str, object], settings: Settings, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(settings, loop)
        self._app = app
        self._app_state = state
        self._connect_taken = False
        self._closed_itself = False
        """Whether the application has closed or refused the connection."""
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
        except GeneratorExit:
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self._end(1001)
                raise
            self._failed()  # the application let a cancellation of its own escape
        except BaseException:  # an exit too: it is one connection's, and not the server's
            self._failed()
        else:
            if self.state is CONNECTING:
                _log.error("the application of %s returned without an answer", scope["path"])
            self._end(1000)

    def _failed(self) -> None:
        _log.exception("the application failed")
        self._end(1011)

    def _end(self, code: int) -> None:
        """End the connection as its application has ended."""
        if self.state is CONNECTING:
            status = 503 if code == 1001 else 500
            self.refuse(status, "the server is shutting down" if code == 1001 else "Internal Server Error")
        elif self.state is RESPONDING:
            self._abort()  # the peer sees that the response isn't complete
        elif self._can_send:
            self.close(code, "")

    # receive

    async def receive(self) -> ASGIEvent:
        """Give the next event; after the end, the same disconnect every time (ASGI, Receive).

        Raises:
            CancelledError: nothing is lost then.
        """
        if not self._connect_taken:
            self._connect_taken = True
            return {"type": "websocket.connect"}
        inbox = self._inbox
        unread = inbox.unread
        if not unread:
            if inbox.end_taken:
                await asyncio.sleep(0)  # an application that ignores the end stops nobody else
            else:
                await inbox.wait()
            unread = inbox.unread
            if inbox.end_taken:
                return self._disconnect()
        message = unread.pop(0)
        if isinstance(message, str):
            event: ASGIEvent = {"type": "websocket.receive", "text": message}
        elif isinstance(message, bytes):
            event = {"type": "websocket.receive", "bytes": message}
        else:
            inbox.end_taken = True
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
            Disconnected: the connection has ended, and the application hasn't closed it.
            RuntimeError: the event isn't legal now.
            ValueError: it is a message with neither bytes nor text.
        """
        if event["type"] == "websocket.send":
            await self.send_message(event)
            return
        if not self._writing and self.state is RESPONDING:
            await self._drain()
        act = _ACTS.get((self.state, event["type"]))
        if act is None:
            raise self._refusal(event)
        act(self, event)

    def send_message(self, event: ASGIEvent) -> Awaitable[None]:
        """Send a message as `send` does, without a coroutine where there is nothing to wait for."""
        if self.state is not OPEN and self.state is not PEER_CLOSED:
            raise self._refusal(event)
        if not self._writing:
            return self._send_later(event)
        text = event.get("text")
        data = event.get("bytes")
        if data is not None:
            self._write_message(BINARY, cast("bytes", data))
        elif text is not None:
            self._write_message(TEXT, cast("str", text).encode())
        else:
            raise ValueError("websocket.send needs bytes or text")
        self._sent += 1
        if self._sent < self._settings.limits.burst:
            return _DONE
        self._sent = 0
        return asyncio.sleep(0)  # an application that sends without a pause stops nobody else

    async def _send_later(self, event: ASGIEvent) -> None:
        await self._drain()
        if not self._can_send:
            raise Disconnected("the connection has ended before the peer read on")
        await self.send_message(event)

    def _refusal(self, event: ASGIEvent) -> Exception:
        if self._inbox.end is not None and not self._closed_itself:
            return Disconnected("the connection has ended")
        name = self.state.name
        return RuntimeError(f"unexpected ASGI event {event['type']!r} while the connection is {name}")

    def _accept(self, event: ASGIEvent) -> None:
        self.accept(cast("str | None", event.get("subprotocol")), _headers(event))

    def _deny(self, event: ASGIEvent) -> None:
        self._closed_itself = True
        self.refuse(403, "Forbidden")

    def _close(self, event: ASGIEvent) -> None:
        self._closed_itself = True
        code = cast("int | None", event.get("code"))
        self.close(1000 if code is None else int(code), cast("str | None", event.get("reason")) or "")

    def _respond(self, event: ASGIEvent) -> None:
        self._start_response(cast("int", event["status"]), _headers(event))

    def _respond_on(self, event: ASGIEvent) -> None:
        more = bool(event.get("more_body", False))
        self._closed_itself = not more
        self._continue_response(cast("bytes", event.get("body", b"")), more=more)


_ACTS: Final[dict[tuple[State, object], Callable[[ASGIConnection, ASGIEvent], None]]] = {
    (CONNECTING, "websocket.accept"): ASGIConnection._accept,  # pyright: ignore[reportPrivateUsage]
    (CONNECTING, "websocket.close"): ASGIConnection._deny,  # pyright: ignore[reportPrivateUsage]
    (CONNECTING, "websocket.http.response.start"): ASGIConnection._respond,  # pyright: ignore[reportPrivateUsage]
    (RESPONDING, "websocket.http.response.body"): ASGIConnection._respond_on,  # pyright: ignore[reportPrivateUsage]
    (OPEN, "websocket.close"): ASGIConnection._close,  # pyright: ignore[reportPrivateUsage]
    (PEER_CLOSED, "websocket.close"): ASGIConnection._close,  # pyright: ignore[reportPrivateUsage]
}
"""What is legal, beside messages, and the method that does it."""


class _Done:
    """What has been done already, to be awaited."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return _NOTHING_LEFT


_NOTHING_LEFT = cast("Generator[None, None, None]", iter(()))  # it is only asked for what comes next
_DONE = _Done()


def _headers(event: ASGIEvent) -> Iterable[tuple[bytes, bytes]]:
    return cast("Iterable[tuple[bytes, bytes]] | None", event.get("headers")) or ()


def address(value: object) -> tuple[str, int] | None:
    """Give host and port of a socket's address; a Unix socket has none."""
    if not isinstance(value, tuple):
        return None
    host, port, *_ = cast("tuple[str, int]", value)  # and two numbers more for IPv6
    return host, port
