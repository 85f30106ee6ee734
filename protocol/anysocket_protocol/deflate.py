"""permessage-deflate (RFC 7692): what was negotiated, and the two ends of it."""

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from anysocket_protocol.frames import ErrorCode, FrameError

NAME: Final = "permessage-deflate"

MIN_SIZE: Final = 16
"""Bytes below which a message is sent as it is.

Messages of JSON that are alike shrink to 0.4 of 16 bytes and 0.2 of 64, for 4 µs each. Without
context takeover nothing is saved below 75 bytes; few peers ask for that.
"""

_TAIL = b"\x00\x00\xff\xff"
"""The end of an empty block, which isn't sent (section 7.2.1)."""

_STEP: Final = 256 * 1024
"""Bytes that one call inflates: 119 KiB may inflate to 120 MiB, and the others wait meanwhile."""

_MAX_STREAMS = 64
"""Final blocks in one step: each begins a new stream, which takes time, for two bytes."""

_LEVEL = 1
_MEMORY_LEVEL = 5
_WINDOW_BITS = 12
"""4 KiB for each direction.

Measured on CPython 3.13, JSON of 110 / 500 / 2,000 bytes with context takeover:

- so: 0.50 / 0.42 / 0.39 of its size, 4 / 8 / 21 µs. A connection holds 38 KiB to compress and 12 KiB
  to inflate (40 KiB for a client whose window can't be bounded), each from its first use on.
- zlib's own memory level 8 and window 15: 0.48 / 0.41 / 0.38, and 262 + 40 KiB.
- its own level 6 too: 0.40 / 0.34 / 0.30, 6 / 24 / 80 µs.
"""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The parameters of the extension, as the response gives them (section 7.1)."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = _WINDOW_BITS
    client_max_window_bits: int | None = None
    """None if the client didn't offer it. Its window may be the largest then."""

    def header(self) -> bytes:
        """Give the value of Sec-WebSocket-Extensions in the response."""
        parameters = [NAME]
        if self.server_no_context_takeover:
            parameters.append("server_no_context_takeover")
        if self.client_no_context_takeover:
            parameters.append("client_no_context_takeover")
        parameters.append(f"server_max_window_bits={self.server_max_window_bits}")
        if self.client_max_window_bits is not None:
            parameters.append(f"client_max_window_bits={self.client_max_window_bits}")
        return "; ".join(parameters).encode()


def agree(offers: Iterable[str]) -> Agreed | None:
    """Choose the first offer that can be met; None where there is none (section 5).

    Args:
        offers: the elements of Sec-WebSocket-Extensions, in their order.
    """
    for offer in offers:
        name, *parameters = (each.strip() for each in offer.split(";"))
        if name == NAME and (agreed := _meet(parameters)) is not None:
            return agreed
    return None


def _meet(parameters: Iterable[str]) -> Agreed | None:
    """Meet one offer; None for one with an unknown, a repeated or a malformed parameter."""
    found = dict[str, str | None]()
    for parameter in parameters:
        name, equals, value = (each.strip() for each in parameter.partition("="))
        given = _unquoted(value) if equals else None
        if name in found or given not in _VALUES.get(name, ()):
            return None
        found[name] = given
    client_bits = int(found.get("client_max_window_bits") or _WINDOW_BITS)
    return Agreed(
        server_no_context_takeover="server_no_context_takeover" in found,
        client_no_context_takeover="client_no_context_takeover" in found,
        server_max_window_bits=min(int(found.get("server_max_window_bits") or _WINDOW_BITS), _WINDOW_BITS),
        client_max_window_bits=min(client_bits, _WINDOW_BITS) if "client_max_window_bits" in found else None,
    )


def _unquoted(value: str) -> str:
    """Give the value of a parameter that may be a quoted string (RFC 6455 section 9.1)."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


_BITS = [str(bits) for bits in range(9, 16)]
_VALUES: Mapping[str, Collection[str | None]] = {
    "server_no_context_takeover": [None],
    "client_no_context_takeover": [None],
    "server_max_window_bits": _BITS,  # but for 8, with which zlib can't deflate
    "client_max_window_bits": [None, "8", *_BITS],
}
"""The values of each parameter (section 7.1)."""


class Inflater:
    """Inflates what the client compressed, never to more than is allowed."""

    __slots__ = ("_keeps_context", "_rest", "_stream", "_window_bits")

    def __init__(self, agreed: Agreed) -> None:
        self._rest: bytes | None = None
        """What the next step inflates; None where a frame is complete."""
        self._keeps_context = not agreed.client_no_context_takeover
        # A larger window reads what a smaller one wrote, and zlib has none of 8 bits.
        self._window_bits = max(agreed.client_max_window_bits or 15, 9)
        self._stream: zlib._Decompress | None = None  # pyright: ignore[reportPrivateUsage]  # its only name
        """None where the next byte begins a new one."""

    @property
    def unfinished(self) -> bool:
        """Whether more of the last frame may come out, by further calls without data."""
        return self._rest is not None

    def inflate(self, data: bytes, *, end: bool, max_size: int) -> bytes:
        """Inflate one frame's payload, or a step of it (RFC 7692 section 7.2.2).

        Raises:
            FrameError: more than `max_size` bytes would come out (1009), or the data isn't
                DEFLATE's (1007).
        """
        if self._rest is not None:
            data, self._rest = self._rest, None
        elif end:
            data += _TAIL
        parts, room = list[bytes](), _STEP
        for _ in range(_MAX_STREAMS):
            stream = self._stream = self._stream or zlib.decompressobj(-self._window_bits)
            try:
                # One byte more tells what is too much from what is just enough.
                part = stream.decompress(data, min(max_size + 1, room))
            except zlib.error:
                raise FrameError(ErrorCode.INVALID_PAYLOAD_DATA, "data that DEFLATE can't read") from None
            parts.append(part)
            max_size -= len(part)
            room -= len(part)
            if max_size < 0:
                raise FrameError(ErrorCode.MESSAGE_TOO_BIG, "a message that inflates to too much")
            if stream.eof:
                # A final block ends the stream; another may follow (sections 7.2.1 and 7.2.3.4).
                self._stream, data = None, stream.unused_data
                if data == (_TAIL if end else b""):
                    break
            elif room:
                break
            else:
                data = stream.unconsumed_tail
            if not room:
                self._rest = data
                return b"".join(parts)
        else:
            raise FrameError(ErrorCode.MESSAGE_TOO_BIG, f"a frame of more than {_MAX_STREAMS} final blocks")
        if end and not self._keeps_context:
            self._stream = None
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Deflater:
    """Compresses what the server sends."""

    __slots__ = ("_keeps_context", "_stream", "_window_bits")

    def __init__(self, agreed: Agreed) -> None:
        self._keeps_context = not agreed.server_no_context_takeover
        self._window_bits = agreed.server_max_window_bits
        self._stream: zlib._Compress | None = None  # pyright: ignore[reportPrivateUsage]  # its only name
        """None before a message that is compressed without the context of others."""

    def deflate(self, data: bytes) -> bytes:
        """Compress one message (RFC 7692 section 7.2.1)."""
        stream = self._stream or zlib.compressobj(_LEVEL, zlib.DEFLATED, -self._window_bits, _MEMORY_LEVEL)
        out = stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
        self._stream = stream if self._keeps_context else None
        return out[: -len(_TAIL)]
