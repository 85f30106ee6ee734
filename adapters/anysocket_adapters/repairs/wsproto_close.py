"""Close code 1014, which wsproto 1.3 takes for an error (https://github.com/python-hyper/wsproto)."""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from anysocket.close import CloseCode
from anysocket_adapters.repairs.known import once_for_each_class

if TYPE_CHECKING:
    from wsproto.connection import Connection
    from wsproto.frame_protocol import Frame

_BAD_GATEWAY = struct.pack("!H", CloseCode.BAD_GATEWAY)
_OF_OURS = struct.pack("!H", 3000)


@runtime_checkable
class _Frames(Protocol):
    """What is used of `wsproto.frame_protocol.FrameProtocol`, one object per connection."""

    _process_close: "Callable[[Frame], Frame]"


_as_frames: Callable[[object], _Frames | None] = once_for_each_class(
    lambda found: found if isinstance(found, _Frames) else None
)


def know_bad_gateway(connection: "Connection | None") -> None:
    """Have a wsproto connection read 1014 like any other code."""
    frames = _as_frames(getattr(connection, "_proto", None))
    if frames is None:
        return
    process = frames._process_close  # pyright: ignore[reportPrivateUsage]

    def processing(frame: "Frame") -> "Frame":
        raw = frame.payload
        if not isinstance(raw, bytes | bytearray) or raw[:2] != _BAD_GATEWAY:
            return process(frame)
        read = process(frame._replace(payload=_OF_OURS + raw[2:]))
        return read._replace(payload=(CloseCode.BAD_GATEWAY, str(read.payload[1])))

    frames._process_close = processing  # pyright: ignore[reportPrivateUsage]
