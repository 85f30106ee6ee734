"""Compressed messages, on the peer's side (permessage-deflate, RFC 7692)."""

import zlib
from typing import Final

from anysocket_matrix.peer.frames import Opcode
from anysocket_matrix.peer.peer import Peer
from anysocket_matrix.peer.wire import Mismatch

OFFER: Final = "permessage-deflate; client_max_window_bits"
"""The offer that browsers send."""

RSV1 = 0b100
TAIL = b"\x00\x00\xff\xff"
"""The end of each compressed message, which isn't sent."""


class Deflate:
    """The peer's compressor and decompressor, with the parameters of the server's answer to `OFFER`."""

    def __init__(self, peer: Peer) -> None:
        """Read the server's answer.

        Raises:
            Mismatch: the answer isn't permessage-deflate.
        """
        answer = ", ".join(peer.response.header("sec-websocket-extensions"))
        name, *parameters = (each.strip() for each in answer.split(";"))
        if name != "permessage-deflate":
            raise Mismatch("permessage-deflate in the response", answer or "no extension")
        bits = [each for each in parameters if each.startswith("client_max_window_bits=")]
        window = int(bits[0].partition("=")[2]) if bits else zlib.MAX_WBITS
        forgets = "client_no_context_takeover" in parameters
        self._flush = zlib.Z_FULL_FLUSH if forgets else zlib.Z_SYNC_FLUSH
        self._peer = peer
        self._compressor = zlib.compressobj(wbits=-window)
        # The largest window with context takeover can read the output of any other one.
        self._decompressor = zlib.decompressobj(-zlib.MAX_WBITS)

    def compress(self, message: bytes) -> bytes:
        """Return a message compressed."""
        compressor = self._compressor
        compressed = compressor.compress(message) + compressor.flush(self._flush)
        return compressed.removesuffix(TAIL)

    def send(self, opcode: Opcode, message: bytes) -> None:
        """Send a whole message."""
        self._peer.send_frame(opcode, self.compress(message), rsv=RSV1)

    def expect(self, opcode: Opcode, message: bytes) -> None:
        """Expect a compressed message, in any number of frames."""
        first = frame = self._peer.receive_frame(f"a compressed {opcode.name.lower()}")
        if (first.opcode, first.rsv) != (opcode, RSV1):
            raise Mismatch(f"a compressed {opcode.name.lower()}", f"{first} with RSV {first.rsv:03b}")
        compressed = frame.payload
        while not frame.fin:
            frame = self._peer.receive_frame("the rest of the message")
            compressed += frame.payload
        seen = self._decompressor.decompress(compressed + TAIL)
        if seen != message:
            raise Mismatch(f"{message[:60]!r}", f"{seen[:60]!r}")
