"""Reading what a client sends: bytes in, messages and control frames out (RFC 6455 section 5).

No I/O. There are two ways through it, proved equal on every cut of every stream:

- `whole_message` is the short way: one read that is one uncompressed message in one frame.
- `receive_data` and `next_event` are the complete one. The caller asks for one frame after the
  other, so it can stop when it has enough, and go on later.
"""

import codecs
from enum import Enum
from typing import NamedTuple, Protocol, TypeAlias

from anysocket_protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    MASKED,
    MAX_CONTROL_SIZE,
    PING,
    PONG,
    RSV1,
    TEXT,
    ErrorCode,
    FrameError,
    apply_mask,
    is_close_code,
)

_WHOLE_TEXT = FIN | TEXT
_WHOLE_BINARY = FIN | BINARY
_MASKED_16_BITS = MASKED | 126
_OPCODE_BITS = 0x0F
_RSV_BITS = 0x70
_COMPACT_AT = 64 * 1024


class Ping(NamedTuple):
    """A ping, to be answered with its own payload (section 5.5.2)."""

    payload: bytes


class Pong(NamedTuple):
    """A pong (section 5.5.3)."""

    payload: bytes


class Closed(NamedTuple):
    """The peer's close frame; 1005 stands for one without a code (section 7.1.5)."""

    code: int
    reason: str


class Fragment(Enum):
    """A frame that doesn't end its message (section 5.4)."""

    READ = "read"
    INFLATED = "inflated"
    """A step of a compressed frame; more of it may come out. Others may have their turn before."""


Event: TypeAlias = str | bytes | Ping | Pong | Closed | Fragment
"""A frame by what it completes: a text message, a binary message, a control frame, or nothing yet."""


class Inflate(Protocol):
    """Inflates compressed messages (RFC 7692 section 7.2.2)."""

    @property
    def unfinished(self) -> bool:
        """Whether more of the last frame may come out, by further calls without data."""
        ...

    def inflate(self, data: bytes, *, end: bool, max_size: int) -> bytes:
        """Inflate one frame's payload, or a step of it.

        Args:
            data: the payload.
            end: whether it is the message's last frame.
            max_size: bytes that may come out.

        Raises:
            FrameError: more would come out, or the data isn't DEFLATE's.
        """
        ...


class Reader:
    """Reads the frames of one client.

    Args:
        max_message_size: bytes in a message, after inflating.
        max_frames: frames in a message.
        inflate: for compressed messages, where permessage-deflate was negotiated.
    """

    __slots__ = (
        "_binary",
        "_buffer",
        "_compressed",
        "_count",
        "_decoder",
        "_inflate",
        "_inflating",
        "_max_frames",
        "_max_message_size",
        "_opcode",
        "_position",
        "_size",
        "_text",
        "idle",
    )

    def __init__(
        self,
        max_message_size: int,
        max_frames: int,
        inflate: Inflate | None = None,
    ) -> None:
        self._max_message_size = max_message_size
        self._max_frames = max_frames
        self._inflate = inflate
        self._inflating: int | None = None
        """The FIN bit of a frame of which more may come out; its first byte as a continuation."""
        self.idle: bool = True
        """Whether everything that came has been read, and no message has begun."""
        self._buffer = bytearray()
        self._position = 0
        self._opcode = CONTINUATION
        """Of the message whose fragments are coming; CONTINUATION between two messages."""
        self._compressed = False
        self._text: list[str] = []
        self._binary: list[bytes] = []
        self._decoder: codecs.IncrementalDecoder | None = None
        self._size = 0
        self._count = 0

    def whole_message(self, data: bytes) -> str | bytes | None:
        """Give the message that is all of this read, or None: then `receive_data` takes it.

        Only for a reader that is `idle`.

        Raises:
            FrameError: text that isn't UTF-8.
        """
        size = len(data) - 6
        if size > self._max_message_size:
            return None
        if 0 <= size <= 125:
            if data[1] != MASKED | size:
                return None
            mask, payload = data[2:6], data[6:]
        elif size > 127 and data[1] == _MASKED_16_BITS and int.from_bytes(data[2:4]) == size - 2:
            mask, payload = data[4:8], data[8:]
        else:
            return None
        first = data[0]
        if first == _WHOLE_TEXT:
            try:
                return apply_mask(payload, mask).decode()
            except UnicodeDecodeError:
                raise _not_utf8() from None
        return apply_mask(payload, mask) if first == _WHOLE_BINARY else None

    def receive_data(self, data: bytes) -> None:
        """Take what came from the peer."""
        self.idle = False
        self._buffer += data

    def next_event(self) -> Event | None:
        """Read one frame; None until there is more data.

        Raises:
            FrameError: the peer broke the protocol. Nothing can be read after that.
        """
        frame = self._next_frame() if self._inflating is None else (self._inflating, b"")
        if frame is None:
            self.idle = not self._buffer and self._opcode == CONTINUATION
            return None
        first, payload = frame
        opcode = first & _OPCODE_BITS
        if opcode >= CLOSE:
            return _control(opcode, payload)
        message = self._add(first, payload)
        if message is None:
            return Fragment.READ if self._inflating is None else Fragment.INFLATED
        return message

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Take a whole frame from the buffer: its first byte and its payload, unmasked."""
        buffer, start = self._buffer, self._position
        available = len(buffer) - start
        if available < 2:
            self._compact()
            return None
        first, second = buffer[start], buffer[start + 1]
        size, head = second & 0x7F, 6
        self._check_header(first, second)
        if size == 126:
            head = 8
            if available < 4:
                self._compact()
                return None
            size = int.from_bytes(buffer[start + 2 : start + 4])
            if size < 126:
                raise FrameError(ErrorCode.PROTOCOL_ERROR, "a length that isn't minimal")
        elif size == 127:
            head = 14
            if available < 10:
                self._compact()
                return None
            size = int.from_bytes(buffer[start + 2 : start + 10])
            if size < 65536 or size >> 63:
                raise FrameError(ErrorCode.PROTOCOL_ERROR, "a length that isn't minimal, or above 2^63")
        if first & _OPCODE_BITS < CLOSE:
            self._check_size(size, compressed=bool(first & RSV1) or self._compressed)
        end = start + head + size
        if len(buffer) < end:
            self._compact()
            return None
        body = start + head
        with memoryview(buffer) as view:
            payload = apply_mask(view[body:end], buffer[body - 4 : body])
        self._position = end
        if end == len(buffer) or end >= _COMPACT_AT:
            self._compact()
        return first, payload

    def _compact(self) -> None:
        """Drop what has been read from the front of the buffer, when that is worth its cost."""
        if self._position == len(self._buffer) or self._position >= _COMPACT_AT:
            del self._buffer[: self._position]
            self._position = 0

    def _check_header(self, first: int, second: int) -> None:
        opcode = first & _OPCODE_BITS
        if not second & MASKED:
            raise FrameError(ErrorCode.PROTOCOL_ERROR, "a frame that isn't masked")
        rsv = first & _RSV_BITS
        if rsv and (rsv != RSV1 or self._inflate is None or opcode not in (TEXT, BINARY)):
            raise FrameError(ErrorCode.PROTOCOL_ERROR, "a reserved bit that is set")
        if opcode >= CLOSE:
            if opcode > PONG:
                raise FrameError(ErrorCode.PROTOCOL_ERROR, f"opcode {opcode}, which is reserved")
            if not first & FIN or second & 0x7F > MAX_CONTROL_SIZE:
                raise FrameError(ErrorCode.PROTOCOL_ERROR, "a control frame in fragments or above 125 bytes")
        elif opcode > BINARY:
            raise FrameError(ErrorCode.PROTOCOL_ERROR, f"opcode {opcode}, which is reserved")
        elif opcode == CONTINUATION and self._opcode == CONTINUATION:
            raise FrameError(ErrorCode.PROTOCOL_ERROR, "a continuation of no message")
        elif opcode != CONTINUATION and self._opcode != CONTINUATION:
            raise FrameError(ErrorCode.PROTOCOL_ERROR, "a message within another one")

    def _check_size(self, size: int, *, compressed: bool) -> None:
        """Refuse a frame by its header, before its payload has come."""
        # What can't be compressed gets longer by it: by an eighth at most (zlib's deflateBound).
        longer = self._max_message_size // 8 + 128 if compressed else 0
        if self._size + size > self._max_message_size + longer:
            raise FrameError(ErrorCode.MESSAGE_TOO_BIG, f"a message above {self._max_message_size} bytes")
        if self._count >= self._max_frames:
            raise FrameError(ErrorCode.MESSAGE_TOO_BIG, f"a message of more than {self._max_frames} frames")

    def _add(self, first: int, payload: bytes) -> str | bytes | None:
        """Add a frame to its message; give the message when that is complete."""
        opcode, end = first & _OPCODE_BITS, bool(first & FIN)
        if opcode != CONTINUATION:
            self._opcode, self._compressed = opcode, bool(first & RSV1)
        if self._compressed:
            inflate = self._inflate
            assert inflate is not None  # or the bit would have been refused
            payload = inflate.inflate(payload, end=end, max_size=self._max_message_size - self._size)
            if inflate.unfinished:  # the rest is as a fragment more, but for the number of frames
                self._inflating, end = first & FIN, False
                self._count -= 1
            else:
                self._inflating = None
        self._size += len(payload)
        self._count += 1
        message = (
            self._text_with(payload, end=end) if self._opcode == TEXT else self._binary_with(payload, end=end)
        )
        if end:
            self._opcode, self._size, self._count, self._decoder = CONTINUATION, 0, 0, None
            self._compressed = False
        return message

    def _text_with(self, payload: bytes, *, end: bool) -> str | None:
        """Decode text as it comes, so that what isn't UTF-8 is refused at once (section 8.1)."""
        if not end and self._decoder is None:
            self._decoder = _utf8_decoder()
        try:
            part = payload.decode() if self._decoder is None else self._decoder.decode(payload, end)
        except UnicodeDecodeError:
            raise _not_utf8() from None
        if part:
            self._text.append(part)
        if not end:
            return None
        parts, self._text = self._text, []
        return "".join(parts)

    def _binary_with(self, payload: bytes, *, end: bool) -> bytes | None:
        if payload:
            self._binary.append(payload)
        if not end:
            return None
        parts, self._binary = self._binary, []
        return parts[0] if len(parts) == 1 else b"".join(parts)


_utf8_decoder = codecs.getincrementaldecoder("utf-8")


def _not_utf8() -> FrameError:
    return FrameError(ErrorCode.INVALID_PAYLOAD_DATA, "text that isn't UTF-8")


def _control(opcode: int, payload: bytes) -> Ping | Pong | Closed:
    if opcode == PING:
        return Ping(payload)
    if opcode == PONG:
        return Pong(payload)
    if not payload:
        return Closed(1005, "")
    code = int.from_bytes(payload[:2])  # one byte is too small for a code
    if not is_close_code(code):
        raise FrameError(ErrorCode.PROTOCOL_ERROR, "a close frame without a valid code")
    try:
        return Closed(code, payload[2:].decode())
    except UnicodeDecodeError:
        raise FrameError(ErrorCode.INVALID_PAYLOAD_DATA, "a close reason that isn't UTF-8") from None
