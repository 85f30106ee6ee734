"""What is repaired inside wsproto 1.3 (https://github.com/python-hyper/wsproto), for servers that use it."""

import struct
from typing import TYPE_CHECKING

from anysocket.close import CloseCode
from anysocket_adapters.repairs.repair import Repairs

if TYPE_CHECKING:
    from collections.abc import Generator

    from wsproto.connection import Connection
    from wsproto.extensions import PerMessageDeflate
    from wsproto.frame_protocol import CloseReason, Frame, FrameDecoder, FrameProtocol, Opcode, RsvBits
else:
    FrameProtocol = PerMessageDeflate = object

FRAMES = Repairs("wsproto", "wsproto.frame_protocol:FrameProtocol")
DEFLATE = Repairs("wsproto", "wsproto.extensions:PerMessageDeflate")

_BAD_GATEWAY = struct.pack("!H", CloseCode.BAD_GATEWAY)
_APPLICATION_CODE = struct.pack("!H", 3000)


def repair_connection(connection: "Connection | None") -> frozenset[str]:
    """Repair a connection of wsproto, and give the capabilities that are lost on it."""
    frames = getattr(connection, "_proto", None)
    lost = FRAMES.apply(frames)
    for extension in getattr(frames, "extensions", ()):  # wsproto has no other one
        lost |= DEFLATE.apply(extension)
    return lost


@FRAMES.repair(needs=("_process_close",), keeps=("peer_code_1014",))
class ReadsBadGateway(FrameProtocol):
    """wsproto takes close code 1014, which is newer than RFC 6455, for a breach of the protocol."""

    def _process_close(self, frame: "Frame") -> "Frame":
        payload = frame.payload
        if not isinstance(payload, bytes | bytearray) or payload[:2] != _BAD_GATEWAY:
            return super()._process_close(frame)
        read = super()._process_close(frame._replace(payload=_APPLICATION_CODE + payload[2:]))
        return read._replace(payload=(CloseCode.BAD_GATEWAY, str(read.payload[1])))


@FRAMES.repair(
    needs=(
        "received_frames",
        "wsproto.frame_protocol:Frame",
        "wsproto.frame_protocol:Opcode.CLOSE",
        "wsproto.frame_protocol:ParseFailed",
    ),
    keeps=("protocol_error_close", "invalid_close_code_close", "invalid_text_close"),
)
class ClosesAfterBreach(FrameProtocol):
    """Read a breach of the protocol as a close frame with the code for it.

    wsproto gives the event of a close then, but its state stays open. Servers answer with a close
    frame, as RFC 6455 section 7.1.7 asks for, only when the state is that of a peer's close.
    """

    def received_frames(self) -> "Generator[Frame, None, None]":
        from wsproto.frame_protocol import Frame, Opcode, ParseFailed

        try:
            yield from super().received_frames()
        except ParseFailed as breach:
            yield Frame(Opcode.CLOSE, (breach.code, str(breach)), True, True)


@DEFLATE.repair(
    needs=("_inbound_compressed", "frame_inbound_header", "frame_inbound_complete"),
    keeps=("compressed_with_ping",),
)
class RemembersCompression(PerMessageDeflate):
    """wsproto takes the rest of a compressed message for uncompressed, behind a ping between its fragments.

    https://github.com/python-hyper/wsproto/pull/205
    """

    _interrupted: bool | None = None
    """Whether the message is compressed that a control frame stands in; None where there is none."""

    def frame_inbound_header(
        self, proto: "FrameDecoder | FrameProtocol", opcode: "Opcode", rsv: "RsvBits", payload_length: int
    ) -> "CloseReason | RsvBits":
        self._interrupted = self._inbound_compressed if opcode.iscontrol() else None
        return super().frame_inbound_header(proto, opcode, rsv, payload_length)

    def frame_inbound_complete(
        self, proto: "FrameDecoder | FrameProtocol", fin: bool
    ) -> "bytes | CloseReason | None":
        data = super().frame_inbound_complete(proto, fin)
        if self._interrupted is not None:
            self._inbound_compressed = self._interrupted
        return data
