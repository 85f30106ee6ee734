"""permessage-deflate (RFC 7692): what was negotiated, and the two ends of it."""

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from anysocket_protocol.frames import ErrorCode, FrameError

NAME: Final = "permessage-deflate"

MIN_SIZE: Final = 64
"""Bytes below which a message is sent as it is: compressed it would hardly be shorter."""

_TAIL = b"\x00\x00\xff\xff"
"""The end of an empty block, which isn't sent (section 7.2.1)."""

_LEVEL = 1
_MEMORY_LEVEL = 5
_WINDOW_BITS = 12
"""4 KiB for each direction: a connection that compresses holds 40 KiB instead of 300."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The parameters of the extension, as the response gives them (section 7.1)."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = _WINDOW_BITS
    client_max_window_bits: int | None = None
    """None where the client didn't say that it can be told: its window may be the largest then."""

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
        given = value.strip('"') if equals else None
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

    __slots__ = ("_agreed", "_inflater")

    def __init__(self, agreed: Agreed) -> None:
        self._agreed = agreed
        self._inflater = self._new()

    def _new(self) -> "zlib._Decompress":  # pyright: ignore[reportPrivateUsage]  # its only name
        bits = self._agreed.client_max_window_bits or 15
        return zlib.decompressobj(-max(bits, 9))  # a larger window reads what a smaller one wrote

    def inflate(self, data: bytes, *, end: bool, max_size: int) -> bytes:
        """Inflate one frame's payload (RFC 7692 section 7.2.2).

        Raises:
            FrameError: more than `max_size` bytes would come out (1009), or the data isn't
                DEFLATE's (1007).
        """
        try:
            # One byte more tells what is too much from what is just enough.
            out = self._inflater.decompress(data + _TAIL if end else data, max_size + 1)
        except zlib.error:
            raise FrameError(ErrorCode.INVALID_PAYLOAD_DATA, "compressed data that can't be read") from None
        if len(out) > max_size or self._inflater.unconsumed_tail:
            raise FrameError(ErrorCode.MESSAGE_TOO_BIG, "a message that inflates to too much")
        if self._inflater.unused_data.removesuffix(_TAIL):
            raise FrameError(ErrorCode.INVALID_PAYLOAD_DATA, "compressed data behind its own end")
        if self._inflater.eof or (end and self._agreed.client_no_context_takeover):
            self._inflater = self._new()  # a final block ends the stream (section 7.2.3.4)
        return out


class Deflater:
    """Compresses what the server sends."""

    __slots__ = ("_agreed", "_deflater")

    def __init__(self, agreed: Agreed) -> None:
        self._agreed = agreed
        self._deflater = self._new()

    def _new(self) -> "zlib._Compress":  # pyright: ignore[reportPrivateUsage]  # its only name
        return zlib.compressobj(_LEVEL, zlib.DEFLATED, -self._agreed.server_max_window_bits, _MEMORY_LEVEL)

    def deflate(self, data: bytes) -> bytes:
        """Compress one message (RFC 7692 section 7.2.1)."""
        out = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        if self._agreed.server_no_context_takeover:
            self._deflater = self._new()
        return out[: -len(_TAIL)]
