"""A raw RFC 6455 client that sends what a case asks for, valid or not.

It blocks, with a deadline on every wait, so that a case reads from top to bottom. An expectation
that isn't met in time is a `Mismatch`.
"""

import errno
import struct
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

from anysocket_matrix.peer.frames import Frame, Opcode, frame_bytes, take_frame
from anysocket_matrix.peer.http1 import connect_http1
from anysocket_matrix.peer.wire import (
    DEADLINE,
    HANDSHAKE_DEADLINE,
    RESET,
    THE_END,
    Lines,
    Mismatch,
    Request,
    Response,
    Wire,
    reset_tcp,
)

__all__ = ["Ended", "Lines", "Mismatch", "Peer"]

SLOWEST = 100_000
"""The minimum rate for a large message, in bytes per second."""

LEAVE_DEADLINE = 10.0
"""Seconds in which everything before the other side's close frame is read."""

NO_RESPONSE = Response(0, (), b"")
"""The response before the peer has waited for one."""


class Ended(Mismatch):
    """The connection ended instead."""


class Peer:
    """One connection, seen from the client's side."""

    deadline: float = DEADLINE
    """Seconds to wait for data, unless a call says otherwise."""

    def __init__(self, request: Request, wire: Wire, response: Response) -> None:
        self._url = request.url
        self._wire = wire
        self._received = bytearray()
        self._close_seen: bytes | None = None
        self._closed = False
        self._left = response.status != wire.success_status
        self.response: Response = response
        self.scheme: str = request.scheme
        self.http_version: str = wire.http_version
        self.local_address: tuple[str, int] = wire.tcp.getsockname()[:2]
        self.remote_address: tuple[str, int] = wire.tcp.getpeername()[:2]

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        headers: Lines = (),
        behind: bytes = b"",
        answer: bool = True,
        http2: bool = False,
    ) -> Self:
        """Open a TCP connection and do the handshake, whatever the response.

        Args:
            url: `ws://` or `wss://`; the certificate isn't checked.
            headers: lines to add to the request.
            behind: bytes to send in the same packet as the request.
            answer: whether to wait for the response.
            http2: whether to speak HTTP/2; without TLS the server must expect it.
        """
        ask = _connect_http2 if http2 else connect_http1
        return cls._shake_hands(ask, Request(url, tuple(headers), behind), answer=answer)

    def another(
        self, path: str = "/", *, headers: Lines = (), behind: bytes = b"", answer: bool = True
    ) -> Self:
        """Open one more connection to the same server; over HTTP/2, a stream on the same TCP connection."""
        request = Request(urljoin(self._url, path), tuple(headers), behind)
        return self._shake_hands(self._wire.another, request, answer=answer)

    @classmethod
    def _shake_hands(cls, ask: Callable[[Request], Wire], request: Request, *, answer: bool) -> Self:
        with _handshaking(HANDSHAKE_DEADLINE):
            wire = ask(request)
            try:
                return cls(request, wire, wire.answer() if answer else NO_RESPONSE)
            except BaseException:
                wire.tcp.close()
                raise

    def wait_for_answer(self, deadline: float = HANDSHAKE_DEADLINE) -> None:
        """Wait for the response, after `answer=False`."""
        with _handshaking(deadline):
            self.response = self._wire.answer(deadline)
        self._left = self.response.status != self._wire.success_status

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
        """Send one frame, valid or invalid."""
        self.send_raw(frame_bytes(opcode, payload, fin=fin, rsv=rsv, masked=masked))

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are; an error shows only in the other side's reaction."""
        with suppress(OSError):
            self._wire.send(data, DEADLINE + len(data) / SLOWEST)

    def send_until_full(self, size: int, limit: int) -> int:
        """Send messages of this size until the other side stops reading; return the number of bytes."""
        data = frame_bytes(Opcode.BINARY, bytes(size))
        sent = 0
        with suppress(TimeoutError):
            while sent < limit:
                self._wire.send(data, 0.5)
                sent += size
        return sent

    def hears_something(self, within: float) -> bool:
        """Wait for data, and leave it unread; the end of the connection doesn't count."""
        try:
            data = self._wire.receive(within)
        except (TimeoutError, ConnectionError):
            return False
        self._received += data
        return bool(data)

    # How a peer leaves.

    def abort(self) -> None:
        """Reset the TCP connection."""
        self._left = True
        reset_tcp(self._wire.tcp)

    def hang_up(self) -> None:
        """End the TCP connection without a close frame."""
        self._left = True
        self._wire.tcp.close()

    def half_close(self) -> None:
        """End the peer's direction: of its stream over HTTP/2, otherwise of the TCP connection."""
        self._left = True
        self._wire.half_close()

    def reset_stream(self) -> None:
        """Reset this connection: its stream over HTTP/2, otherwise the TCP connection."""
        self._left = True
        self._wire.reset()

    def leave(self) -> None:
        """Do the peer's part of the closing handshake, wait for the other side's, and end the connection."""
        until = time.monotonic() + LEAVE_DEADLINE
        while self._close_seen is None and not self._left and time.monotonic() < until:
            try:
                self.receive_frame("a close frame")
            except Mismatch:
                break
        if self._close_seen is not None and not self._closed:
            self.send_frame(Opcode.CLOSE, self._close_seen)
        self._left = True
        self._wire.leave()

    # What a peer expects.

    def receive_frame(self, expected: object = "a frame", deadline: float | None = None) -> Frame:
        """Wait for the next frame.

        Raises:
            Mismatch: the connection ended, or nothing came in time.
        """
        deadline = self.deadline if deadline is None else deadline
        until = time.monotonic() + deadline
        while (frame := self._parse()) is None:
            try:
                data = self._wire.receive(max(until - time.monotonic(), 0.001))
                if self._received and time.monotonic() > until + LEAVE_DEADLINE:
                    raise Mismatch(expected, "a frame without end")
            except TimeoutError:
                raise Mismatch(expected, f"nothing for {deadline:g} s") from None
            except OSError:
                raise Ended(expected, RESET) from None
            if not data:
                raise Ended(expected, THE_END)
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

    def expect_close(
        self, code: int | None, reason: str | None = None, deadline: float | None = None
    ) -> None:
        """Expect a close frame with this code and reason, or with any reason if it is None."""
        what = "an empty close frame" if code is None else f"close {code}"
        frame = self.receive_frame(what if reason is None else f"{what} {reason.encode()!r}", deadline)
        seen = struct.unpack("!H", frame.payload[:2])[0] if len(frame.payload) >= 2 else None
        if frame.opcode is not Opcode.CLOSE or seen != code:
            raise Mismatch(what, frame)
        if reason is not None and frame.payload[2:] != reason.encode():
            raise Mismatch(f"{what} {reason.encode()!r}", frame)

    def expect_close_frame(self, deadline: float | None = None) -> None:
        """Expect a close frame with any code and reason."""
        frame = self.receive_frame("a close frame", deadline)
        if frame.opcode is not Opcode.CLOSE:
            raise Mismatch("a close frame", frame)

    def expect_closed(self, code: int, reason: str = "") -> None:
        """Expect a close frame, answer it, and expect the end of the connection."""
        self.expect_close(code, reason)
        self.send_close(code)
        self.expect_end()

    def expect_end(self, deadline: float | None = None) -> None:
        """Expect the end of the connection, with no data before it."""
        with suppress(Ended):
            raise Mismatch(THE_END, self.receive_frame(THE_END, deadline))

    def expect_open(self) -> None:
        """Expect a successful handshake, over HTTP/1.1 with the accept token (RFC 6455 section 4.2.2)."""
        self.expect_status(self._wire.success_status)
        if self._wire.accept_token is not None:
            self.expect_header("sec-websocket-accept", self._wire.accept_token)

    def expect_status(self, status: int) -> None:
        """Expect a response with this status."""
        if self.response.status != status:
            raise Mismatch(f"HTTP {status}", f"HTTP {self.response.status}")

    def expect_header(self, name: str, *values: str) -> None:
        """Expect a header of the response with these values, one for each line."""
        seen = self.response.header(name)
        if seen != list(values):
            raise Mismatch(
                f"{name}: {list(values)}", f"{seen} in an answer with status {self.response.status}"
            )

    def expect_body(self, body: bytes) -> None:
        """Expect a response with this body."""
        if self.response.body != body:
            raise Mismatch(f"body {body[:60]!r}", f"body {self.response.body[:60]!r}")

    def _expect(self, expected: Frame) -> None:
        # A server in pure Python takes seconds to mask a megabyte when its machine is busy.
        frame = self.receive_frame(expected, self.deadline + len(expected.payload) / SLOWEST)
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
        self._wire.tcp.close()


def _connect_http2(request: Request) -> Wire:
    from anysocket_matrix.peer.http2 import connect_http2  # most rows don't need it, and its import is slow

    return connect_http2(request)


@contextmanager
def _handshaking(deadline: float) -> Generator[None, None, None]:
    what = "an answer to the handshake"
    try:
        yield
    except TimeoutError:
        raise Mismatch(what, f"nothing for {deadline:g} s") from None
    except OSError as error:
        if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
            raise
        raise Mismatch(what, RESET) from None
