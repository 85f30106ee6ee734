"""Frames as bytes, valid or invalid (RFC 6455 section 5.2)."""

import secrets
import struct
from dataclasses import dataclass
from enum import IntEnum


class Opcode(IntEnum):
    """RFC 6455 section 5.2."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


@dataclass(frozen=True, slots=True)
class Frame:
    """A received frame."""

    opcode: Opcode
    payload: bytes
    fin: bool = True
    rsv: int = 0
    masked: bool = False

    def __str__(self) -> str:
        if self.opcode is Opcode.CLOSE:
            if not self.payload:
                return "an empty close frame"
            return f"close {struct.unpack('!H', self.payload[:2])[0]} {self.payload[2:]!r}"
        shown = self.payload if len(self.payload) <= 60 else self.payload[:60] + b"..."
        return f"{'' if self.fin else 'unfinished '}{self.opcode.name.lower()} {shown!r}"


def frame_bytes(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    """Encode one frame (RFC 6455 section 5.2)."""
    head = bytes([(fin << 7) | (rsv << 4) | opcode])
    mask = masked << 7
    if len(payload) < 126:
        head += bytes([mask | len(payload)])
    elif len(payload) < 1 << 16:
        head += bytes([mask | 126]) + len(payload).to_bytes(2)
    else:
        head += bytes([mask | 127]) + len(payload).to_bytes(8)
    if not masked:
        return head + payload
    key = secrets.token_bytes(4)
    stream = key * (len(payload) // 4 + 1)
    blended = int.from_bytes(payload) ^ int.from_bytes(stream[: len(payload)])
    return head + key + blended.to_bytes(len(payload))


def take_frame(received: bytearray) -> Frame | None:
    """Take one frame off the received bytes, or return None while it is incomplete."""
    if len(received) < 2:
        return None
    start, length = 2, received[1] & 0x7F
    if length == 126:
        start, length = 4, int.from_bytes(received[2:4])
    elif length == 127:
        start, length = 10, int.from_bytes(received[2:10])
    if len(received) < start or len(received) < start + length:
        return None
    frame = Frame(
        Opcode(received[0] & 0x0F),
        bytes(received[start : start + length]),
        fin=bool(received[0] & 0x80),
        rsv=(received[0] >> 4) & 0x7,
        masked=bool(received[1] & 0x80),
    )
    del received[: start + length]
    return frame
