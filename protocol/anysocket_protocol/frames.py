"""Frames as bytes (RFC 6455 section 5): the codes, the header, and masking."""

import sys
from enum import IntEnum
from typing import Final

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

FIN: Final = 0x80
RSV1: Final = 0x40
"""Set on the first frame of a compressed message (RFC 7692 section 6)."""
MASKED: Final = 0x80

MAX_CONTROL_SIZE: Final = 125
"""Bytes in the payload of a control frame (section 5.5)."""


class ErrorCode(IntEnum):
    """The close codes of a connection that fails (RFC 6455 section 7.4.1)."""

    PROTOCOL_ERROR = 1002
    INVALID_PAYLOAD_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009


class FrameError(Exception):
    """The peer broke the protocol or a limit: the connection fails with this close code (section 7.1.7)."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code: ErrorCode = code
        self.reason: str = reason


try:
    from websockets.speedups import apply_mask as apply_mask
except ImportError:  # websockets isn't installed, or without its C extension

    def apply_mask(data: bytes | bytearray | memoryview, mask: bytes | bytearray) -> bytes:
        """Mask or unmask a payload: each byte XOR the byte of the mask whose turn it is (section 5.3)."""
        size = len(data)
        repeated = (bytes(mask) * (size // 4 + 1))[:size]
        order = sys.byteorder
        return (int.from_bytes(data, order) ^ int.from_bytes(repeated, order)).to_bytes(size, order)


SHORT_HEADERS: Final = {
    opcode: tuple(bytes((FIN | opcode, size)) for size in range(126)) for opcode in (TEXT, BINARY)
}
"""The headers of the commonest frames, by opcode and size: to look one up is cheaper than to write it."""


def header(first: int, size: int) -> bytes:
    """Give the header of a frame from a server, which masks nothing (section 5.2).

    Args:
        first: the first byte: FIN, RSV bits and opcode.
        size: of the payload, in bytes.
    """
    if size <= 125:
        return bytes((first, size))
    if size <= 0xFFFF:
        return bytes((first, 126)) + size.to_bytes(2)
    return bytes((first, 127)) + size.to_bytes(8)


def is_close_code(code: int) -> bool:
    """Tell whether a close frame may carry this code (section 7.4, and IANA's registry)."""
    return (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) or 3000 <= code <= 4999


def close_payload(code: int | None, reason: str) -> bytes:
    """Give the payload of a close frame; empty without a code (section 5.5.1).

    Raises:
        ValueError: no close frame may carry this code, or the reason is above 123 bytes of UTF-8.
    """
    if code is None:
        return b""
    if not is_close_code(code):
        raise ValueError(f"{code} is no code for a close frame")
    payload = code.to_bytes(2) + reason.encode()
    if len(payload) > MAX_CONTROL_SIZE:
        raise ValueError(f"a close reason of {len(payload) - 2} bytes; {MAX_CONTROL_SIZE - 2} fit")
    return payload
