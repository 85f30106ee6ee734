"""How connections are served: the limits that a peer meets, and the timeouts."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may take of this process. Times are in seconds, sizes in bytes.

    A peer that goes beyond a limit of its messages is closed with 1009 (RFC 6455 section 7.4.1),
    and one that goes beyond a limit of its request gets 431 (RFC 6585 section 5).
    """

    max_message_size: int = 16 * 1024 * 1024
    """Of a message, after inflating."""
    max_frames: int = 65_536
    """Frames in a message: Autobahn's case 9.3.1 sends 4 MiB in fragments of 64 bytes."""
    max_header_size: int = 64 * 1024
    """Of the head of a request, and of what comes before it is answered."""
    max_header_lines: int = 256
    handshake_timeout: float = 10.0
    """For the head of the request to come."""
    burst: int = 64
    """Frames that are read of one connection, and messages sent, before the others have their turn."""
    burst_size: int = 1024 * 1024
    """The same in bytes, after inflating; one message may go beyond."""
    max_unread: int = 1024
    """Messages that the application hasn't received yet, before the peer is made to wait."""
    max_unread_size: int = 1024 * 1024
    """The same in bytes and characters; one message may go beyond."""
    max_rate: int | None = None
    """Messages from a peer within a second; above it 1008. None: as many as are received."""
    max_rate_size: int | None = None
    """The same in bytes and characters."""
    idle_timeout: float | None = None
    """Without a message from the peer, before the connection is closed with 1001. None: for ever."""
    max_lifetime: float | None = None
    """Of an open connection, before it is closed with 1001. None: for ever."""

    @property
    def metered(self) -> bool:
        """Whether a connection takes note of when its messages come."""
        return (self.max_rate, self.max_rate_size, self.idle_timeout, self.max_lifetime) != _UNMETERED


_UNMETERED: Final = (None, None, None, None)

DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How connections are served; times in seconds."""

    limits: Limits = DEFAULT_LIMITS
    root_path: str = ""
    """Where a proxy mounts the application."""
    compression: bool = True
    """Whether permessage-deflate is agreed to (RFC 7692)."""
    ping_interval: float | None = 20.0
    """Without a sign of life before a ping. None sends no pings."""
    ping_timeout: float | None = 20.0
    """For a sign of life after a ping. None never gives up a peer."""
    close_timeout: float = 10.0
    """For a peer to answer our close, and to read what was sent before it."""
