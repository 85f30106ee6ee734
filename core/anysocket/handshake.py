"""The request and the response that open or refuse a connection (RFC 6455 section 4)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Header lines as they are sent: names in lower case, values in ISO-8859-1."""

HeaderLines: TypeAlias = Iterable[tuple[str, str] | tuple[bytes, bytes]]
"""Header lines that a handler passes: pairs of str or of bytes."""

Address: TypeAlias = tuple[str, int]
"""A host and a port."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_HANDSHAKE_OWN = frozenset({b"connection", b"upgrade", b"transfer-encoding"})
_FORBIDDEN_IN_VALUE = re.compile(rb"[\r\n\0]")  # RFC 9110 section 5.5


class Handshake(NamedTuple):
    """The peer's request, the same from every server (contract H1).

    It is a tuple, because a frozen dataclass takes five times the instructions to create.
    """

    path: str = "/"
    """Percent-decoded, without the query and without `root_path`."""
    raw_path: bytes = b"/"
    """As the peer sent it, without the query."""
    root_path: str = ""
    query_string: bytes = b""
    headers: RawHeaders = ()
    subprotocols: tuple[str, ...] = ()
    """All subprotocols that the peer offered, from every header line, in order."""
    client: Address | None = None
    server: Address | None = None
    scheme: str = "ws"
    http_version: str = "1.1"
    state: Mapping[str, object] = MappingProxyType({})
    """The values that the application's lifespan yielded."""


@dataclass(frozen=True, slots=True)
class Denial:
    """An HTTP response that refuses the connection (contract H3)."""

    status: int = 403
    headers: RawHeaders = ()
    body: bytes = b""


def denial(status: int = 403, headers: HeaderLines = (), body: str | bytes = b"") -> Denial:
    """Check a denial and complete its headers: content-length, and content-type for a text body.

    Raises:
        ValueError: the status isn't in 300-599, or a header can't be sent.
    """
    if not 300 <= status <= 599:
        raise ValueError(f"status {status} doesn't refuse a connection: use 300-599")
    return response(status, headers, body)


def response(status: int, headers: HeaderLines, body: str | bytes) -> Denial:
    """Check the headers of a response that refuses a connection, and complete them.

    Raises:
        ValueError: a header can't be sent.
    """
    lines = validated(headers)
    names = {name for name, _ in lines}
    if isinstance(body, str):
        body = body.encode()
        if b"content-type" not in names:
            lines.append((b"content-type", b"text/plain; charset=utf-8"))
    length = b"%d" % len(body)
    if any(name == b"content-length" and value != length for name, value in lines):
        raise ValueError(f"content-length doesn't match the body's {len(body)} bytes: leave it out")
    if b"content-length" not in names:
        lines.append((b"content-length", length))
    return Denial(status, lines, body)


def validated(headers: HeaderLines) -> list[tuple[bytes, bytes]]:
    """Check a handler's header lines and encode them (contract H2).

    Raises:
        ValueError: a name isn't a token, a value holds CR, LF or NUL or isn't ISO-8859-1, or
            the header is set by the handshake itself.
    """
    lines: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        raw_name = name.encode("latin-1", "replace") if isinstance(name, str) else name
        if not _TOKEN.fullmatch(raw_name):
            raise ValueError(f"header name {name!r} isn't a token (RFC 9110 section 5.6.2)")
        raw_name = raw_name.lower()
        if raw_name.startswith(b"sec-websocket-") or raw_name in _HANDSHAKE_OWN:
            raise ValueError(f"header {name!r} is the handshake's own and can't be set")
        try:
            raw_value = value.encode("latin-1") if isinstance(value, str) else value
        except UnicodeEncodeError:
            raise ValueError(f"value {value!r} of header {name!r} isn't ISO-8859-1") from None
        if _FORBIDDEN_IN_VALUE.search(raw_value):
            raise ValueError(f"value {value!r} of header {name!r} holds CR, LF or NUL")
        lines.append((raw_name, raw_value))
    return lines
