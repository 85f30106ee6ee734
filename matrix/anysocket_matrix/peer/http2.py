"""WebSocket over HTTP/2 (RFC 8441): streams that share one TCP connection, each with its own window."""

import socket
import ssl
import time
from contextlib import suppress
from typing import ClassVar

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

from anysocket_matrix.peer.wire import (
    DEADLINE,
    HANDSHAKE_DEADLINE,
    RESET,
    THE_END,
    Mismatch,
    Request,
    Response,
    open_tcp,
)

SHARED_WINDOW = 1 << 24
"""Bytes that all streams together may leave unread, far more than the 64 KiB that limit each stream."""


class HTTP2Connection:
    """The TCP connection. While one of its streams waits, the data of all streams is read."""

    def __init__(self, tcp: socket.socket) -> None:
        self.tcp = tcp
        self.engine: H2Connection = H2Connection(
            H2Configuration(
                header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
            )
        )
        self._streams: list[HTTP2Stream] = []
        self._ready = False
        self.engine.initiate_connection()
        self.engine.increment_flow_control_window(SHARED_WINDOW)
        self.flush(HANDSHAKE_DEADLINE)
        until = time.monotonic() + HANDSHAKE_DEADLINE
        while not self._ready:
            if not self.take_in(until):
                raise Mismatch("SETTINGS", THE_END)
        if not self.engine.remote_settings.enable_connect_protocol:
            raise Mismatch("WebSocket over HTTP/2", "SETTINGS without ENABLE_CONNECT_PROTOCOL")

    def ask(self, request: Request) -> "HTTP2Stream":
        """Open a stream with a handshake's request."""
        stream = HTTP2Stream(self, self.engine.get_next_available_stream_id())
        self._streams.append(stream)
        head = [
            (b":method", b"CONNECT"),
            (b":protocol", b"websocket"),
            (b":scheme", b"https" if request.scheme == "wss" else b"http"),
            (b":path", request.target),
            (b":authority", request.authority),
            (b"sec-websocket-version", b"13"),
            *((name.lower(), value) for name, value in request.lines()),
        ]
        try:
            self.engine.send_headers(stream.id, head)
        except ProtocolError as error:
            raise Mismatch("a connection that takes one more stream", error) from None
        if request.behind:
            self.engine.send_data(stream.id, request.behind)
        self.flush(DEADLINE)
        return stream

    def take_in(self, until: float) -> bool:
        """Wait for data, and pass it to its stream; return False at the end of the connection."""
        self.tcp.settimeout(max(until - time.monotonic(), 0.001))
        data = self.tcp.recv(1 << 16)
        try:
            events = self.engine.receive_data(data)
        except ProtocolError as error:
            raise Mismatch("HTTP/2", error) from None
        with suppress(OSError):  # a loss now shows when the peer reads
            self.flush(DEADLINE)
        for event in events:
            self._ready = self._ready or isinstance(event, RemoteSettingsChanged)
            for stream in self._streams:
                stream.take(event)
        if not data:
            for stream in self._streams:
                stream.ended = True
        return bool(data)

    def flush(self, deadline: float) -> None:
        """Send the bytes that the h2 library has written."""
        self.tcp.settimeout(deadline)
        self.tcp.sendall(self.engine.data_to_send())


class HTTP2Stream:
    """One stream. It acknowledges data when the peer receives it, not when it arrives."""

    http_version: ClassVar[str] = "2"
    success_status: ClassVar[int] = 200

    def __init__(self, connection: HTTP2Connection, number: int) -> None:
        self.id = number
        self.tcp: socket.socket = connection.tcp
        self.accept_token: str | None = None
        self.ended: bool = False
        self._connection = connection
        self._engine = connection.engine
        self._lines: list[tuple[str, str]] = []
        self._unread = bytearray()
        self._unacknowledged = 0
        self._was_reset = False

    def take(self, event: Event) -> None:
        """Handle an event of this stream."""
        match event:
            case ResponseReceived(stream_id=self.id):
                self._lines = [
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers
                ]
            case DataReceived(stream_id=self.id):
                self._unread += event.data
                self._unacknowledged += event.flow_controlled_length
            case StreamEnded(stream_id=self.id):
                self.ended = True
            case StreamReset(stream_id=self.id):
                # A stream that has ended is different: a response may end before its request does
                # (RFC 9113 section 8.1).
                self._was_reset = self._was_reset or not self.ended
                self.ended = True
            case ConnectionTerminated():
                self.ended = True
            case _:
                pass

    def answer(self, deadline: float = HANDSHAKE_DEADLINE) -> Response:
        until = time.monotonic() + deadline
        while not self._lines:
            if self.ended:
                raise Mismatch("an answer to the handshake", RESET if self._was_reset else THE_END)
            self._connection.take_in(until)
        status = int(dict(self._lines)[":status"])
        headers = tuple(line for line in self._lines if not line[0].startswith(":"))
        body = b""
        if status != self.success_status:
            while data := self.receive(deadline):
                body += data
        return Response(status, headers, body)

    def send(self, data: bytes, deadline: float) -> None:
        until = time.monotonic() + deadline
        rest = memoryview(data)
        try:
            while rest:
                room = self._engine.local_flow_control_window(self.id)
                if room > 0:
                    part = rest[: min(room, self._engine.max_outbound_frame_size)]
                    self._engine.send_data(self.id, bytes(part))
                    self._connection.flush(max(until - time.monotonic(), 0.001))
                    rest = rest[len(part) :]
                elif self.ended:
                    raise ConnectionResetError("a window that stays closed")
                else:
                    self._connection.take_in(until)
        except ProtocolError as error:
            raise ConnectionResetError(f"{error}") from None

    def receive(self, deadline: float) -> bytes:
        until = time.monotonic() + deadline
        while not self._unread and not self.ended:
            self._connection.take_in(until)
        if not self._unread and self._was_reset:
            raise ConnectionResetError(RESET)
        data = bytes(self._unread)
        self._unread.clear()
        self._engine.acknowledge_received_data(self._unacknowledged, self.id)
        self._unacknowledged = 0
        with suppress(OSError):
            self._connection.flush(DEADLINE)
        return data

    def half_close(self) -> None:
        self._engine.end_stream(self.id)
        self._connection.flush(DEADLINE)

    def reset(self) -> None:
        self.ended = self._was_reset = True  # no more data will come
        self._engine.reset_stream(self.id, ErrorCodes.CANCEL)
        self._connection.flush(DEADLINE)

    def leave(self) -> None:
        with suppress(ProtocolError, OSError):  # it may be over already
            self.half_close()

    def another(self, request: Request) -> "HTTP2Stream":
        return self._connection.ask(request)


def connect_http2(request: Request) -> HTTP2Stream:
    """Connect, and ask for a WebSocket on the first stream."""
    tcp = open_tcp(request.url, "h2")
    try:
        if isinstance(tcp, ssl.SSLSocket) and tcp.selected_alpn_protocol() != "h2":
            raise Mismatch("h2 by ALPN", tcp.selected_alpn_protocol())
        return HTTP2Connection(tcp).ask(request)
    except BaseException:
        tcp.close()
        raise
