"""The other end of a connection: frames as a client writes them, and as it reads a server's."""

import struct
from typing import NamedTuple

from anysocket_protocol.frames import CLOSE, FIN, apply_mask

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x12\x34\x56\x78"


def frame(first: int, payload: bytes = b"", *, masked: bool = True, length: bytes | None = None) -> bytes:
    """Write a client's frame, or one that a client mustn't send."""
    size = len(payload)
    mask_bit = 0x80 if masked else 0
    if length is None and size <= 125:
        head = bytes((first, mask_bit | size))
    elif length is None and size <= 65535:
        head = bytes((first, mask_bit | 126)) + struct.pack("!H", size)
    elif length is None:
        head = bytes((first, mask_bit | 127)) + struct.pack("!Q", size)
    else:
        head = bytes((first,)) + length
    return head + (MASK + apply_mask(payload, MASK) if masked else payload)


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return frame(FIN | CLOSE, struct.pack("!H", code) + reason)


class Frame(NamedTuple):
    """A server's frame."""

    first: int
    payload: bytes


def parse(data: bytes) -> list[Frame]:
    """Read a server's frames: whole ones, unmasked, with the shortest length (RFC 6455 section 5.2)."""
    frames: list[Frame] = []
    while data:
        first, size, head = data[0], data[1], 2
        assert not size & 0x80, "a server masks nothing"
        if size == 126:
            size, head = struct.unpack("!H", data[2:4])[0], 4
            assert size > 125
        elif size == 127:
            size, head = struct.unpack("!Q", data[2:10])[0], 10
            assert size > 65535
        assert len(data) >= head + size, "a frame is cut"
        assert first & 0x0F < 8 or (size <= 125 and first & FIN)
        frames.append(Frame(first, data[head : head + size]))
        data = data[head + size :]
    return frames
