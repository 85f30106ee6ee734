"""The repairs of daphne's WebSocket, whose protocol is autobahn's on Twisted."""

import asyncio
from collections.abc import Awaitable
from typing import cast

from anysocket.asgi import WebSocketEvent
from anysocket.close import Close, CloseCode
from anysocket.handshake import Denial, RawHeaders
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE
from anysocket_adapters.asgi import http_response
from anysocket_adapters.daphne.typed import WebSocketProtocol
from anysocket_adapters.repairs.repair import Repairs

_MAX_EARLY_SIZE = 64 * 1024
"""Bytes that a peer may send before its handshake is answered."""

PROTOCOL = Repairs("daphne", "daphne.ws_protocol:WebSocketProtocol")


# The handshake


@PROTOCOL.repair(needs=("http_request_uri",), keeps=("path_parameters",))
class KeepsPathParameters(WebSocketProtocol):
    """autobahn takes the last segment's parameters off the path, as urllib.parse.urlparse does."""

    def path_parameters(self, path: bytes) -> bytes:
        """Give what the peer sent between the path and the query."""
        target = self.http_request_uri.partition("?")[0].encode("latin-1")
        return target[len(path) :] if target.startswith(path + b";") else b""


@PROTOCOL.repair(needs=("websocket_protocols",))
class KeepsSubprotocols(WebSocketProtocol):
    """daphne percent-decodes the subprotocols of the scope."""

    def offered_subprotocols(self) -> tuple[str, ...]:
        """Give the peer's list."""
        return tuple(self.websocket_protocols)


@PROTOCOL.repair(
    needs=("consumeData", "data", "onOpen", "transport", "state", "STATE_CONNECTING"),
    keeps=("early_message",),
)
class KeepsEarlyData(WebSocketProtocol):
    """autobahn looks for another handshake in what the peer sends before accept."""

    def consume_later(self, early: bytes) -> None:
        """Take what came behind the handshake."""
        self.data: bytes = early + self.data
        self.consumeData()

    def consumeData(self) -> None:
        if self.state != self.STATE_CONNECTING:
            super().consumeData()
        elif len(self.data) > _MAX_EARLY_SIZE:
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()

    def onOpen(self) -> None:
        super().onOpen()
        self.transport.resumeProducing()


@PROTOCOL.repair(
    needs=("serverAccept", "sendData", "websocket_extensions", "state", "STATE_CONNECTING"),
    keeps=("accept_headers", "malformed_extension_offer", "loss_before_accept"),
)
class AcceptsWithHeaders(WebSocketProtocol):
    """daphne drops the headers of accept."""

    def accept_with(self, subprotocol: str | None, headers: RawHeaders) -> None:
        """Complete the handshake."""
        if self.state != self.STATE_CONNECTING:
            raise ConnectionError("the peer left during the handshake")
        lines: dict[str, list[str]] = {}
        for name, value in headers:
            lines.setdefault(name.decode("ascii"), []).append(value.decode("latin-1"))
        # daphne declines all offers; autobahn would deny one with parameters that it can't read.
        self.websocket_extensions.clear()  # pyright: ignore[reportUnknownMemberType]  # half typed
        self.serverAccept((subprotocol, lines))

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        if self.state == self.STATE_CONNECTING:
            data = data.decode().encode("latin-1")  # autobahn writes its responses as UTF-8
        super().sendData(data, sync, chopsize)


@PROTOCOL.repair(
    needs=("serverReject", "sendHttpErrorResponse", "transport", "state", "STATE_CONNECTING"),
    keeps=(
        *("denial_status", "denial_response", "denial_header_duplicates", "denial_cookies"),
        *("denial_latin1_headers", "denial_unnamed_status", "no_answer"),
    ),
)
class DeniesWithResponse(WebSocketProtocol):
    """daphne denies with 403 and nothing else."""

    _denial: Denial | None = None

    def deny_with(self, denial: Denial) -> None:
        """Send this response where autobahn would send its own."""
        if self.state != self.STATE_CONNECTING:
            raise ConnectionError("the peer left during the handshake")
        self._denial = denial
        self.serverReject()

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: object = None) -> None:
        if self._denial is None:
            super().sendHttpErrorResponse(code, reason, responseHeaders)
        else:
            self.transport.write(http_response(self._denial))


# Messages


@PROTOCOL.repair(
    needs=("sendFrame", "onOpen", "sendCloseFrame", "onClose", "transport", "state", "STATE_OPEN"),
    keeps=(
        *("empty_messages", "cancelled_send", "send_pressure"),
        *("end_while_sending", "end_while_suspended", "end_behind_unread"),
    ),
)
class SuspendsSenders(WebSocketProtocol):
    """daphne keeps what the peer doesn't read, however much, and takes messages after its end.

    This is a producer of Twisted's: the transport pauses and resumes it by the size of its buffer.
    """

    _room: asyncio.Event | None = None
    """Set when there is room again; None while there is."""

    def onOpen(self) -> None:
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, True)
        super().onOpen()

    async def send_message(self, event: WebSocketEvent) -> None:
        """Send a message, once there is room."""
        text = event.get("text")
        payload = bytes(event.get("bytes") or b"") if text is None else text.encode()
        while self._room is not None:
            await self._room.wait()
        if self.state != self.STATE_OPEN:
            raise ConnectionError("the peer has left")
        self.sendFrame(2 if text is None else 1, payload)

    def pauseProducing(self) -> None:
        """There is no room."""
        if self._room is None and self.state == self.STATE_OPEN:
            self._room = asyncio.Event()

    def resumeProducing(self) -> None:
        """There is room, or an end to sending."""
        if self._room is not None:
            self._room.set()
            self._room = None

    stopProducing = resumeProducing

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        super().sendCloseFrame(code, reasonUtf8, isReply)
        self.resumeProducing()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        super().onClose(wasClean, code, reason)
        self.resumeProducing()


@PROTOCOL.repair(
    needs=(
        *("onMessage", "sendCloseFrame", "_sendAutoPing", "onAutoPingTimeout"),
        *("application_queue", "transport", "state", "STATE_OPEN"),
    ),
    keeps=("receive_pressure",),
)
class SuspendsPeer(WebSocketProtocol):
    """daphne reads whatever comes, however much is unread: here it stops reading from the peer."""

    _unread_size = 0
    _deaf = False
    _deaf_since_ping = False

    def receive_event(self) -> Awaitable[WebSocketEvent]:
        """Give the next event, and read on when it is the last."""
        if self._deaf and self.application_queue.empty():
            self._read_on()
        return cast("Awaitable[WebSocketEvent]", self.application_queue.get())

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state != self.STATE_OPEN:
            return  # after a close frame nothing counts
        if self.application_queue.empty():
            self._unread_size = 0
        super().onMessage(payload, isBinary)
        self._unread_size += len(payload)
        if self.application_queue.qsize() >= MAX_UNREAD or self._unread_size >= MAX_UNREAD_SIZE:
            self._deaf = self._deaf_since_ping = True
            self.transport.pauseProducing()

    def _read_on(self) -> None:
        self._deaf = False
        self.transport.resumeProducing()

    def _sendAutoPing(self) -> None:
        self._deaf_since_ping = self._deaf
        super()._sendAutoPing()

    def onAutoPingTimeout(self) -> None:
        """Ping again where the pong may not have been read."""
        if self._deaf_since_ping:
            self._sendAutoPing()
        else:
            super().onAutoPingTimeout()

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        super().sendCloseFrame(code, reasonUtf8, isReply)
        self._read_on()  # for the peer's answer, or its end


# The end


@PROTOCOL.repair(
    needs=(
        *("sendCloseFrame", "dropConnection", "onClose", "application_queue", "muted"),
        *("remoteCloseCode", "remoteCloseReason", "state", "STATE_OPEN"),
    ),
    keeps=("peer_close_reason", "protocol_error_code", "oversized_message_code", "end_while_suspended"),
)
class TellsEnd(WebSocketProtocol):
    """daphne tells of the end when the TCP connection has ended too, and not the peer's reason."""

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        was_open = self.state == self.STATE_OPEN
        super().sendCloseFrame(code, reasonUtf8, isReply)
        if was_open:
            if isReply:
                code, reason = self.remoteCloseCode, self.remoteCloseReason or ""
            else:
                reason = (reasonUtf8 or b"").decode()
            self._tell(Close(CloseCode.NO_STATUS_RCVD if code is None else code, reason))

    def dropConnection(self, abort: bool = False) -> None:
        super().dropConnection(abort)
        self._tell(Close(CloseCode.ABNORMAL_CLOSURE))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self._tell(Close(CloseCode.ABNORMAL_CLOSURE))
        super().onClose(wasClean, code, reason)

    def _tell(self, close: Close) -> None:
        if not self.muted:
            self.muted = True  # daphne queues nothing more
            self.application_queue.put_nowait(
                {"type": "websocket.disconnect", "code": close.code, "reason": close.reason}
            )


@PROTOCOL.repair(
    needs=("onCloseFrame", "sendCloseFrame", "remoteCloseCode", "remoteCloseReason"),
    keeps=("close_echo", "peer_code_1014"),
)
class EchoesClose(WebSocketProtocol):
    """daphne answers every close frame with 1000, and 1014 as an error."""

    _peer_code: int | None = None

    def onCloseFrame(self, code: int, reasonRaw: bytes) -> bool | None:
        self._peer_code = code
        # autobahn knows the registered codes up to 1013.
        return super().onCloseFrame(1000 if code == CloseCode.BAD_GATEWAY else code, reasonRaw)

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        if isReply:
            self.remoteCloseCode: int | None = self._peer_code
            reason = (self.remoteCloseReason or "").encode()
            super().sendCloseFrame(self._peer_code, reason, isReply)
        else:
            super().sendCloseFrame(code, reasonUtf8, isReply)


@PROTOCOL.repair(
    needs=("_fail_connection", "failedByMe", "sendCloseFrame", "dropConnection", "state", "STATE_OPEN"),
    keeps=(
        *("protocol_error_close", "invalid_close_code_close", "invalid_text_close", "protocol_error_code"),
        *("oversized_frame_code", "oversized_message_code"),
    ),
)
class FailsWithCloseFrame(WebSocketProtocol):
    """daphne has autobahn drop the connection of a peer that breaks the protocol.

    A close frame goes first (RFC 6455 section 7.1.7).
    """

    def _fail_connection(self, code: int = CloseCode.GOING_AWAY, reason: str = "going away") -> None:
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code, reason.encode("ascii", "replace")[:123])
        super()._fail_connection(code, reason)

    def dropConnection(self, abort: bool = False) -> None:
        super().dropConnection(abort and not self.failedByMe)  # or the close frame may be lost


@PROTOCOL.repair(
    needs=(
        *("sendCloseFrame", "onCloseHandshakeTimeout", "dropConnection", "onClose", "wasClean"),
        *("transport", "state", "STATE_CLOSED"),
    ),
    keeps=("close_codes", "close_reason"),
)
class ClosesWithReason(WebSocketProtocol):
    """daphne closes without a reason, and not with the codes 1001-2999."""

    _closed: asyncio.Event | None = None

    async def close_with(self, close: Close) -> None:
        """Close, and wait for the end of the closing handshake; if cancelled, end the connection."""
        self._closed = asyncio.Event()
        try:
            self.sendCloseFrame(close.code, close.reason.encode())
            if self.state != self.STATE_CLOSED:
                await self._closed.wait()
        finally:
            self.transport.abortConnection()

    def onCloseHandshakeTimeout(self) -> None:
        """Leave the time to the core, where autobahn waits a second for the peer's close frame."""
        if self._closed is None:
            super().onCloseHandshakeTimeout()

    def dropConnection(self, abort: bool = False) -> None:
        super().dropConnection(abort and not self.wasClean)  # or what the peer hasn't read may be lost
        self._set_closed()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        super().onClose(wasClean, code, reason)
        self._set_closed()

    def _set_closed(self) -> None:
        if self._closed is not None:
            self._closed.set()
