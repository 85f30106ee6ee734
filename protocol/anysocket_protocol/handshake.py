"""The opening handshake over HTTP/1.1 (RFC 6455 section 4.2): the request, and the answers to it."""

import binascii
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from hashlib import sha1
from http import HTTPStatus
from typing import Final, TypeAlias

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Header lines in wire order, names in lower case."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP/(\d)\.(\d)")
# All lines at once. No part of it can match what the next one can, or a header of spaces would take
# minutes. Control characters are invalid (RFC 9110 section 5.5), and so is a line that goes on another
# (RFC 9112 section 5.2).
_HEADER_LINES = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*(?:\r\n(?!\Z)|\Z))*")
_ABSOLUTE_FORM = re.compile(rb"(?:https?|wss?)://([^/?#]+)", re.IGNORECASE)
_HOST = re.compile(rb"[\w.~!$&'()*+,;=%:\[\]-]*")  # RFC 3986 section 3.2, without the user


class BadRequest(Exception):
    """The request doesn't open a WebSocket; this response refuses it."""

    def __init__(self, status: int, reason: str, headers: Headers = ()) -> None:
        super().__init__(status, reason)
        self.status: int = status
        self.reason: str = reason
        self.headers: Headers = headers


class BadHandshake(BadRequest):
    """The request asks for a WebSocket, but not as RFC 6455 has it; or no protocol may take its head."""


class Request:
    """A request that opens a WebSocket."""

    __slots__ = ("_values", "headers", "target")

    def __init__(self, target: bytes, headers: Headers) -> None:
        self.target: bytes = target
        """Path and query as they came, in origin form."""
        self.headers: Headers = headers
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            self._values.setdefault(name, []).append(value)

    @property
    def key(self) -> bytes:
        """The value of Sec-WebSocket-Key."""
        return self.values(b"sec-websocket-key")[0]

    def values(self, name: bytes) -> Sequence[bytes]:
        """Give the value of each line of a header."""
        return self._values.get(name, ())

    def elements(self, name: bytes) -> list[str]:
        """Give the elements of a header that is a list, over all its lines (RFC 9110 section 5.6.1)."""
        return [
            element
            for value in self.values(name)
            for each in value.decode("latin-1").split(",")
            if (element := each.strip(" \t"))
        ]

    def has_token(self, name: bytes, token: bytes) -> bool:
        """Tell whether a header that is a list has this element, in any case."""
        for value in self.values(name):
            lower = value.lower()
            if lower == token or token in [each.strip(b" \t") for each in lower.split(b",")]:
                return True
        return False


def read(head: bytes, max_lines: int) -> Request:
    """Read the head of a request.

    Args:
        head: the request line and the header lines, without the empty line behind them.
        max_lines: how many header lines it may have.

    Raises:
        BadHandshake: it asks for a WebSocket, but not as RFC 6455 section 4.2.1 has it; or it has a
            malformed header line or too many lines.
        BadRequest: it asks for no WebSocket.
    """
    first, _, rest = head.partition(b"\r\n")
    lines = rest.split(b"\r\n") if rest else []
    if len(lines) > max_lines:
        raise BadHandshake(431, f"the request has more than {max_lines} header lines")
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        raise BadRequest(400, "malformed request line")
    if _HEADER_LINES.fullmatch(rest) is None:
        raise BadHandshake(400, "malformed header line")
    headers: list[tuple[bytes, bytes]] = []
    for each in lines:
        name, _, value = each.partition(b":")
        headers.append((name.lower(), value.strip(b" \t")))
    method, target, *version = line.groups()
    absolute = None if target.startswith(b"/") else _ABSOLUTE_FORM.match(target)
    if absolute is not None:  # its host counts, whatever the header says (RFC 9112 section 3.2.2)
        headers = [(name, absolute[1] if name == b"host" else value) for name, value in headers]
        target = target[absolute.end() :]
        if not target.startswith(b"/"):
            target = b"/" + target
    request = Request(target, headers)
    _check(request, method, version)
    return request


def _check(request: Request, method: bytes, version: Sequence[bytes]) -> None:
    if not request.has_token(b"connection", b"upgrade") or not request.has_token(b"upgrade", b"websocket"):
        upgrade = [(b"upgrade", b"websocket"), (b"connection", b"upgrade")]
        raise BadRequest(426, "a WebSocket needs the headers Upgrade and Connection", upgrade)
    if version[0] != b"1" or version[1] < b"1":
        raise BadHandshake(400, "a WebSocket needs HTTP/1.1")
    if method != b"GET":
        raise BadHandshake(405, "a WebSocket is opened with GET", [(b"allow", b"GET")])
    if not request.target.startswith(b"/"):
        raise BadHandshake(400, "malformed request target")
    hosts = request.values(b"host")
    if len(hosts) != 1 or _HOST.fullmatch(hosts[0]) is None:
        raise BadHandshake(400, "a request has one Host header, and a valid one")
    # A body would be taken for frames: a proxy that knows it as a body is led astray.
    if request.values(b"transfer-encoding") or any(
        each != b"0" for each in request.values(b"content-length")
    ):
        raise BadHandshake(400, "a request for a WebSocket has no body")
    if request.values(b"sec-websocket-version") != [b"13"]:
        raise BadHandshake(426, "the WebSocket version must be 13", [(b"sec-websocket-version", b"13")])
    keys = request.values(b"sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise BadHandshake(400, "Sec-WebSocket-Key isn't 16 bytes in base64")
    if not all(map(bytes.isascii, request.values(b"sec-websocket-protocol"))):
        raise BadHandshake(400, "a subprotocol is ASCII")


def _is_key(key: bytes) -> bool:
    try:
        return len(binascii.a2b_base64(key, strict_mode=True)) == 16
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
    """Give the response that opens the connection; its headers must be valid."""
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
    """Give the head of a response that refuses the connection; its headers must be valid."""
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
