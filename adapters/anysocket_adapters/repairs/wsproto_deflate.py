"""A ping within a compressed message, after which wsproto 1.3 takes the rest for uncompressed.

https://github.com/python-hyper/wsproto/pull/205
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from wsproto.connection import Connection
    from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits

    _Frames = FrameDecoder | FrameProtocol


@runtime_checkable
class _Deflate(Protocol):
    """What is used of `wsproto.extensions.PerMessageDeflate`, one object per connection."""

    _inbound_compressed: bool | None
    """Of the message that is being read: whether it is compressed."""
    frame_inbound_header: "Callable[[_Frames, Opcode, RsvBits, int], CloseReason | RsvBits]"
    frame_inbound_complete: "Callable[[_Frames, bool], bytes | CloseReason | None]"


def keep_compression(connection: "Connection | None") -> None:
    """Have a wsproto connection know, behind a control frame, what it knew before."""
    extensions: list[object] = getattr(getattr(connection, "_proto", None), "extensions", [])
    for extension in extensions:
        if isinstance(extension, _Deflate):
            _keep(extension)


def _keep(extension: _Deflate) -> None:
    begin, complete = extension.frame_inbound_header, extension.frame_inbound_complete
    compressed: bool | None = None

    def beginning(
        frames: "_Frames", opcode: "Opcode", rsv: "RsvBits", length: int
    ) -> "CloseReason | RsvBits":
        nonlocal compressed
        so_far = extension._inbound_compressed  # pyright: ignore[reportPrivateUsage]
        compressed = so_far if opcode.iscontrol() else None
        return begin(frames, opcode, rsv, length)

    def completing(frames: "_Frames", fin: bool) -> "bytes | CloseReason | None":
        data = complete(frames, fin)
        if compressed is not None:
            extension._inbound_compressed = compressed  # pyright: ignore[reportPrivateUsage]
        return data

    extension.frame_inbound_header = beginning
    extension.frame_inbound_complete = completing
