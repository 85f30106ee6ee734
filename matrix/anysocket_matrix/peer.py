"""A raw RFC 6455 client that does what it is told, wrong things too.

It blocks, with a deadline on every wait, so that a case reads from top to bottom. What it doesn't
see in time, or sees instead, is a `Mismatch`.
"""

import base64
import hashlib
import secrets
import select
import socket
import ssl
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import h11

from anysocket_matrix.frames import Frame, Opcode, frame_bytes, take_frame

HANDSHAKE_DEADLINE = 10.0
"""Seconds for the handshake's answer: some servers are slow on their first connection."""

DEADLINE = 2.0
"""Seconds for anything else."""

Lines = Iterable[tuple[str, str]]


class Mismatch(AssertionError):
    """Something else was seen than expected."""

    def __init__(self, expected: object, seen: object) -> None:
        super().__init__(f"expected {expected}, saw {seen}")
        self.expected: str = str(expected)
        self.seen: str = str(seen)


@dataclass(frozen=True, slots=True)
class Response:
    """The HTTP response to the handshake."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        """Give the values of a header, in order."""
        return [value for key, value in self.headers if key == name]


NO_RESPONSE = Response(0, (), b"")
"""In place of an answer that nobody has waited for."""


class Peer:
    """One connection, seen from the client's side."""

    def __init__(self, sock: socket.socket, key: bytes, response: Response, received: bytes) -> None:
        self._socket = sock
        self._key = key
        self._received = bytearray(received)
        self._close_seen: bytes | None = None
        self._closed = False
        self._gone = response.status != 101
        self.response = response
        self.local_address: tuple[str, int] = sock.getsockname()[:2]
        self.remote_address: tuple[str, int] = sock.getpeername()[:2]

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        headers: Lines = (),
        behind: bytes = b"",
        answer: bool = True,
    ) -> Self:
        """Open a TCP connection and do the handshake, whatever its answer.

        Args:
            url: `ws://` or `wss://`, whose certificate isn't checked.
            headers: lines to add to the request.
            behind: bytes to send in the same packet as the request.
            answer: whether to wait for the handshake's answer.
        """
        parts = urlsplit(url)
        key = base64.b64encode(secrets.token_bytes(16))
        request = h11.Request(
            method="GET",
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers=[
                (b"Host", parts.netloc.encode()),
                (b"Upgrade", b"websocket"),
                (b"Connection", b"Upgrade"),
                (b"Sec-WebSocket-Key", key),
                (b"Sec-WebSocket-Version", b"13"),
                *((name.encode(), value.encode("latin-1")) for name, value in headers),
            ],
        )
        http = h11.Connection(h11.CLIENT)
        sent = (http.send(request) or b"") + (http.send(h11.EndOfMessage()) or b"") + behind
        sock = _connect(parts.hostname or "", parts.port or 80, tls=parts.scheme == "wss")
        try:
            sock.sendall(sent)
            response, received = _read_response(sock, http) if answer else (NO_RESPONSE, b"")
            return cls(sock, key, response, received)
        except ConnectionError as error:
            sock.close()
            raise Mismatch("an answer to the handshake", f"{error}") from None
        except BaseException:
            sock.close()
            raise

    # What a peer sends.

    def send_text(self, text: str) -> None:
        """Send a whole text message."""
        self.send_frame(Opcode.TEXT, text.encode())

    def send_bytes(self, data: bytes) -> None:
        """Send a whole binary message."""
        self.send_frame(Opcode.BINARY, data)

    def send_close(self, code: int | None = None, reason: str | bytes = "") -> None:
        """Send a close frame, without a payload when there is no code."""
        raw = reason.encode() if isinstance(reason, str) else reason
        self._closed = True
        self.send_frame(Opcode.CLOSE, b"" if code is None else struct.pack("!H", code) + raw)

    def send_frame(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
    ) -> None:
        """Send one frame, right or wrong."""
        self.send_raw(frame_bytes(opcode, payload, fin=fin, rsv=rsv, masked=masked))

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are; whether the other side still takes them shows in what it answers."""
        self._socket.settimeout(DEADLINE)
        with suppress(ConnectionError):
            self._socket.sendall(data)

    def send_until_full(self, size: int, limit: int) -> int:
        """Send messages of this size until the other side stops reading, and count the bytes."""
        self._socket.settimeout(0.5)
        data = frame_bytes(Opcode.BINARY, bytes(size))
        sent = 0
        with suppress(TimeoutError):
            while sent < limit:
                self._socket.sendall(data)
                sent += size
        return sent

    def hears_something(self, within: float) -> bool:
        """Wait for anything to read, and leave it there."""
        return bool(select.select([self._socket], [], [], within)[0])

    # How a peer leaves.

    def abort(self) -> None:
        """Reset the TCP connection."""
        self._gone = True
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def hang_up(self) -> None:
        """End the TCP connection without a close frame."""
        self._gone = True
        self._socket.close()

    def half_close(self) -> None:
        """End the TCP connection in our direction only."""
        self._gone = True
        self._socket.shutdown(socket.SHUT_WR)

    def leave(self) -> None:
        """Do our part of the closing handshake, wait for the other side's, and hang up."""
        while self._close_seen is None and not self._gone:
            try:
                self.receive_frame("a close frame")
            except Mismatch:
                break
        if self._close_seen is not None and not self._closed:
            self.send_frame(Opcode.CLOSE, self._close_seen)
        self.hang_up()

    # What a peer sees.

    def receive_frame(self, expected: object = "a frame", deadline: float = DEADLINE) -> Frame:
        """Wait for the next frame.

        Raises:
            Mismatch: the connection ended, or nothing came in time.
        """
        until = time.monotonic() + deadline
        while (frame := self._parse()) is None:
            try:
                self._socket.settimeout(max(until - time.monotonic(), 0.001))
                data = self._socket.recv(1 << 20)
            except TimeoutError:
                raise Mismatch(expected, f"nothing for {deadline:g} s") from None
            except ConnectionError:
                raise Mismatch(expected, "a reset connection") from None
            if not data:
                raise Mismatch(expected, "the end of the TCP connection")
            self._received += data
        if frame.opcode is Opcode.CLOSE:
            self._close_seen = frame.payload
        return frame

    def expect_text(self, text: str) -> None:
        """Expect a text message."""
        self._expect(Frame(Opcode.TEXT, text.encode()))

    def expect_bytes(self, data: bytes) -> None:
        """Expect a binary message."""
        self._expect(Frame(Opcode.BINARY, data))

    def expect_pong(self, data: bytes) -> None:
        """Expect a pong."""
        self._expect(Frame(Opcode.PONG, data))

    def expect_close(self, code: int | None, reason: str | None = None, deadline: float = DEADLINE) -> None:
        """Expect a close frame, and with None as its reason any reason."""
        what = "an empty close frame" if code is None else f"close {code}"
        frame = self.receive_frame(what if reason is None else f"{what} {reason.encode()!r}", deadline)
        seen = struct.unpack("!H", frame.payload[:2])[0] if len(frame.payload) >= 2 else None
        if frame.opcode is not Opcode.CLOSE or seen != code:
            raise Mismatch(what, frame)
        if reason is not None and frame.payload[2:] != reason.encode():
            raise Mismatch(f"{what} {reason.encode()!r}", frame)

    def expect_end(self, deadline: float = DEADLINE) -> None:
        """Expect the end of the TCP connection, with nothing before it."""
        try:
            frame = self.receive_frame("the end of the TCP connection", deadline)
        except Mismatch as mismatch:
            if mismatch.seen not in ("the end of the TCP connection", "a reset connection"):
                raise
        else:
            raise Mismatch("the end of the TCP connection", frame)

    def expect_status(self, status: int) -> None:
        """Expect this status as the handshake's answer."""
        if self.response.status != status:
            raise Mismatch(f"HTTP {status}", f"HTTP {self.response.status}")

    def expect_header(self, name: str, *values: str) -> None:
        """Expect a header of the answer with these values, one for each line."""
        seen = self.response.header(name)
        if seen != list(values):
            raise Mismatch(
                f"{name}: {list(values)}", f"{seen} in an answer with status {self.response.status}"
            )

    def expect_body(self, body: bytes) -> None:
        """Expect this body in the handshake's answer."""
        if self.response.body != body:
            raise Mismatch(f"body {body[:60]!r}", f"body {self.response.body[:60]!r}")

    def expect_accept_token(self) -> None:
        """Expect the proof that the handshake was understood (RFC 6455 section 4.2.2)."""
        digest = hashlib.sha1(self._key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        self.expect_header("sec-websocket-accept", base64.b64encode(digest).decode())

    def _expect(self, expected: Frame) -> None:
        frame = self.receive_frame(expected)
        if frame != expected:
            raise Mismatch(expected, frame)

    def _parse(self) -> Frame | None:
        taken = take_frame(self._received)
        if taken is not None and taken.masked:
            raise Mismatch("an unmasked frame (RFC 6455 section 5.1)", "a masked frame")
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


def _connect(host: str, port: int, *, tls: bool) -> socket.socket:
    sock = socket.create_connection((host, port), HANDSHAKE_DEADLINE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock)


def _read_response(sock: socket.socket, http: h11.Connection) -> tuple[Response, bytes]:
    """Read the handshake's answer, with its body when it is no 101, and what follows a 101."""
    head: h11.Response | h11.InformationalResponse | None = None
    body = b""
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError as error:
            raise Mismatch("an HTTP answer", f"{error}") from None
        if event is h11.NEED_DATA:
            try:
                data = sock.recv(1 << 16)
            except TimeoutError:
                raise Mismatch(
                    "an answer to the handshake", f"nothing for {HANDSHAKE_DEADLINE:g} s"
                ) from None
            except ConnectionError:
                raise Mismatch("an answer to the handshake", "a reset connection") from None
            if not data and head is None:
                raise Mismatch("an answer to the handshake", "the end of the TCP connection")
            http.receive_data(data)
        elif isinstance(event, h11.InformationalResponse):
            if event.status_code == 101:
                return _response(event, b""), http.trailing_data[0]
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif head is not None:
            return _response(head, body), b""


def _response(head: h11.Response | h11.InformationalResponse, body: bytes) -> Response:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
    return Response(head.status_code, headers, bytes(body))
