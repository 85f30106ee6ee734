"""The opening handshake over HTTP/1.1 (RFC 6455 section 4.2): the request, and the answers to it."""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha1
from http import HTTPStatus
from typing import Final, TypeAlias

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Header lines in wire order, names in lower case."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\xff]+) HTTP/(\d)\.(\d)")
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*")
_ABSOLUTE_FORM = re.compile(rb"(?:https?|wss?)://[^/?#]*", re.IGNORECASE)  # RFC 9112 section 3.2.2


class BadRequest(Exception):
    """The request doesn't open a WebSocket; this response refuses it."""

    def __init__(self, status: int, reason: str, headers: Headers = ()) -> None:
        super().__init__(status, reason)
        self.status: int = status
        self.reason: str = reason
        self.headers: Headers = headers


class BadHandshake(BadRequest):
    """The request asks for a WebSocket, but not as RFC 6455 has it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that opens a WebSocket."""

    target: bytes
    """Path and query as they came, in origin form."""
    headers: Headers
    key: bytes

    def values(self, name: bytes) -> list[bytes]:
        """Give the value of each line of a header."""
        return [value for each, value in self.headers if each == name]

    def elements(self, name: bytes) -> list[str]:
        """Give the elements of a header that is a list, over all its lines (RFC 9110 section 5.6.1)."""
        return [
            element.strip()
            for value in self.values(name)
            for element in value.decode("latin-1").split(",")
            if element.strip()
        ]


def read(head: bytes, max_lines: int) -> Request:
    """Read the head of a request.

    Args:
        head: the request line and the header lines, without the empty line behind them.
        max_lines: how many header lines it may have.

    Raises:
        BadRequest: it isn't HTTP/1.1, doesn't open a WebSocket (RFC 6455 section 4.2.1), or has
            too many lines.
    """
    first, *lines = head.split(b"\r\n")
    if len(lines) > max_lines:
        raise BadRequest(431, f"the request has more than {max_lines} header lines")
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        raise BadRequest(400, "malformed request line")
    found = [_HEADER_LINE.fullmatch(each) for each in lines]
    headers = [(each[1].lower(), each[2]) for each in found if each is not None]
    if len(headers) < len(found):
        raise BadRequest(400, "malformed header line")
    target = _ABSOLUTE_FORM.sub(b"", line[2], count=1)
    request = Request(target if target.startswith(b"/") else b"/" + target, headers, _key(headers))
    _check(request, method=line[1], version=(int(line[3]), int(line[4])))
    return request


def _key(headers: Headers) -> bytes:
    keys = [value for name, value in headers if name == b"sec-websocket-key"]
    return keys[0] if len(keys) == 1 else b""


def _check(request: Request, *, method: bytes, version: tuple[int, int]) -> None:
    if method != b"GET":
        raise BadRequest(405, "a WebSocket is opened with GET", [(b"allow", b"GET")])
    if version < (1, 1):
        raise BadRequest(400, "a WebSocket needs HTTP/1.1")
    if len(request.values(b"host")) != 1:
        raise BadRequest(400, "a request has one Host header")
    tokens = {each.lower() for each in request.elements(b"connection")}
    upgrades = {each.lower() for each in request.elements(b"upgrade")}
    if "upgrade" not in tokens or "websocket" not in upgrades:
        upgrade = [(b"upgrade", b"websocket"), (b"connection", b"upgrade")]
        raise BadRequest(426, "a WebSocket needs the headers Upgrade and Connection", upgrade)
    if request.values(b"sec-websocket-version") != [b"13"]:
        raise BadHandshake(426, "the WebSocket version must be 13", [(b"sec-websocket-version", b"13")])
    if not _is_key(request.key):
        raise BadHandshake(400, "Sec-WebSocket-Key isn't 16 bytes in base64")


def _is_key(key: bytes) -> bool:
    try:
        return len(b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def accept_token(key: bytes) -> bytes:
    """Give the value of Sec-WebSocket-Accept (RFC 6455 section 4.2.2)."""
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest())


_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
)


def switching(
    key: bytes, subprotocol: str | None, extensions: bytes | None, headers: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """Give the response that opens the connection."""
    lines = [_SWITCHING, accept_token(key), b"\r\n"]
    if subprotocol is not None:
        lines += (b"Sec-WebSocket-Protocol: ", subprotocol.encode("latin-1"), b"\r\n")
    if extensions is not None:
        lines += (b"Sec-WebSocket-Extensions: ", extensions, b"\r\n")
    for name, value in headers:
        lines += (name, b": ", value, b"\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def response_head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Give the head of a response that refuses the connection, which ends behind it."""
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, _phrase(status))]
    dated = False
    for name, value in headers:
        lines += (name, b": ", value, b"\r\n")
        dated = dated or name.lower() == b"date"
    if not dated:
        lines += (b"date: ", formatdate(usegmt=True).encode(), b"\r\n")
    lines.append(b"connection: close\r\n\r\n")
    return b"".join(lines)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
