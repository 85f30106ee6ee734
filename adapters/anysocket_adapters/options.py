"""The options of serving: one set for every server."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, cast, get_args

from anysocket_protocol.settings import DEFAULT_LIMITS, Limits

LogLevel: TypeAlias = Literal["critical", "error", "warning", "info", "debug"]

Loop: TypeAlias = Literal["asyncio", "uvloop", "trio"]

OptionName: TypeAlias = Literal["loop", "max_message_size", "ping_interval", "ping_timeout", "compression"]
"""The options that some servers can't honour."""


LIMITS = (
    "max_frames",
    "max_header_size",
    "max_header_lines",
    "handshake_timeout",
    "burst",
    "burst_size",
    "max_unread",
    "max_unread_size",
    "max_rate",
    "max_rate_size",
    "idle_timeout",
    "max_lifetime",
)
"""The options that only anysocket's own connection keeps, by the names of `Limits`."""

ADMISSION = ("max_connections", "max_connections_per_address")
"""The limits that hold on every server."""


class OptionValues(TypedDict, total=False):
    """The fields of `Options`, as keyword arguments."""

    host: str
    port: int
    unix_socket: Path | None
    unix_socket_mode: int
    factory: bool
    workers: int
    loop: Loop
    normalise: bool
    tls_certificate: Path | None
    tls_key: Path | None
    max_message_size: int | None
    ping_interval: float | None
    ping_timeout: float | None
    compression: bool | None
    root_path: str
    log_level: LogLevel
    access_log: bool
    log_queries: bool
    graceful_timeout: float
    max_frames: int | None
    max_header_size: int | None
    max_header_lines: int | None
    handshake_timeout: float | None
    burst: int | None
    burst_size: int | None
    max_unread: int | None
    max_unread_size: int | None
    max_rate: int | None
    max_rate_size: int | None
    idle_timeout: float | None
    max_lifetime: float | None
    max_connections: int | None
    max_connections_per_address: int | None


_PATHS = ("unix_socket", "tls_certificate", "tls_key")


def to_json(values: OptionValues) -> str:
    """Write options by name, for another process."""
    return json.dumps(values, default=str)  # a Path as a string


def from_json(text: str) -> OptionValues:
    """Read the options that `to_json` has written."""
    values: OptionValues = json.loads(text, object_hook=_with_paths)
    return values


def _with_paths(values: dict[str, str | None]) -> dict[str, str | Path | None]:
    return {name: Path(value) if name in _PATHS and value else value for name, value in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to serve. None leaves a setting to the server's own default."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes a free port."""
    unix_socket: Path | None = None
    """Listen on this path instead of host and port."""
    unix_socket_mode: int = 0o666
    """The permissions of the unix socket; by default any user may connect."""
    factory: bool = False
    """Whether the app is what a call of `module:attribute` gives."""
    workers: int = 1
    """Processes that share the address."""
    loop: Loop = "asyncio"
    """The event loop of each worker. `running` uses its caller's."""
    normalise: bool = False
    """Serve another framework's application through `normalise`."""
    tls_certificate: Path | None = None
    """A PEM file with the certificate chain; goes with `tls_key`."""
    tls_key: Path | None = None
    """A PEM file with the private key."""
    max_message_size: int | None = None
    """Bytes in one message; above it the peer sees 1009 (contract M3). None: the application's limit."""
    ping_interval: float | None = None
    """Seconds between two pings; 0 sends none."""
    ping_timeout: float | None = None
    """Seconds to wait for a pong."""
    compression: bool | None = None
    """Whether to offer permessage-deflate (RFC 7692)."""
    root_path: str = ""
    """The path at which a proxy mounts the application."""
    log_level: LogLevel = "info"
    access_log: bool = False
    log_queries: bool = False
    """Whether logs have the values of query strings, in which tokens may be."""
    graceful_timeout: float = 10.0
    """Seconds that handlers have to end after SIGTERM or SIGINT (contract L2)."""
    max_frames: int | None = None
    """Frames in one message; above it the peer sees 1009."""
    max_header_size: int | None = None
    """Bytes in the head of a request."""
    max_header_lines: int | None = None
    """Header lines of a request."""
    handshake_timeout: float | None = None
    """Seconds for the head of a request to come."""
    burst: int | None = None
    """Frames read of one connection, and messages sent, before the others have their turn."""
    burst_size: int | None = None
    """The same in bytes."""
    max_unread: int | None = None
    """Messages that the application hasn't received yet, before the peer has to wait."""
    max_unread_size: int | None = None
    """The same in bytes."""
    max_rate: int | None = None
    """Messages from one peer within a second; above it the peer sees 1008."""
    max_rate_size: int | None = None
    """The same in bytes."""
    idle_timeout: float | None = None
    """Seconds without a message from the peer; then it sees 1001."""
    max_lifetime: float | None = None
    """Seconds that a connection is open at most; then the peer sees 1001."""
    max_connections: int | None = None
    """WebSockets of one worker; above it the peer sees 503."""
    max_connections_per_address: int | None = None
    """WebSockets of one worker from one address; above it the peer sees 503."""

    def __post_init__(self) -> None:
        """Check what no server could honour.

        Raises:
            ValueError: names the option and says what it must be.
        """
        for name, choices in (("log_level", get_args(LogLevel)), ("loop", get_args(Loop))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} {getattr(self, name)!r} must be one of {', '.join(choices)}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port {self.port} isn't in 0-65535")
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, not {self.workers}")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together: give both or neither")
        for name in ("tls_certificate", "tls_key"):
            path: Path | None = getattr(self, name)
            if path is not None and not path.is_file():
                raise ValueError(f"{name}: there is no file {path}")
        for name in ("max_message_size", "ping_timeout", "graceful_timeout", *ADMISSION, *LIMITS):
            value: float | None = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be above 0, not {value}")
        if self.ping_interval is not None and self.ping_interval < 0:
            raise ValueError(f"ping_interval must not be negative, not {self.ping_interval}")
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            raise ValueError(f"root_path {self.root_path!r} must start with a slash and not end with one")

    @property
    def limits(self) -> Limits:
        """The limits of anysocket's own connection."""
        set_ones = {name: value for name in LIMITS if (value := getattr(self, name)) is not None}
        limits = replace(DEFAULT_LIMITS, **set_ones)
        size = self.max_message_size
        return limits if size is None else replace(limits, max_message_size=size)

    @property
    def values(self) -> OptionValues:
        """The options by name."""
        return cast("OptionValues", asdict(self))  # the names are the same: tests/test_options.py
