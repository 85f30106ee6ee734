"""The request that opens a WebSocket is read as the RFCs say, and everything else is refused."""

import time
from base64 import b64encode

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anysocket_protocol.handshake import BadRequest, accept_token, read, response_head, switching
from tests.protocol.client import KEY

LINES = [
    b"Host: example.com",
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Key: " + KEY,
    b"Sec-WebSocket-Version: 13",
]


def head(*more: bytes, first: bytes = b"GET /chat?a=1 HTTP/1.1", without: bytes | None = None) -> bytes:
    """A request, with more header lines and without those that begin so."""
    lines = [each for each in LINES if without is None or not each.lower().startswith(without)]
    return b"\r\n".join([first, *lines, *more])


def status(data: bytes) -> int | None:
    try:
        read(data, 100)
    except BadRequest as error:
        return error.status
    return None


def test_headers_as_they_came() -> None:
    """Order, repetitions and bytes beyond ASCII are kept; names are in lower case, values stripped."""
    request = read(head(b"X-A: 1", b"x-B:\t two  words \t", b"X-a:", b"x-c: \xc3\xa9"), 100)
    assert request.target == b"/chat?a=1"
    assert request.key == KEY
    assert request.headers[0] == (b"host", b"example.com")
    assert request.headers[5:] == [
        (b"x-a", b"1"),
        (b"x-b", b"two  words"),
        (b"x-a", b""),
        (b"x-c", b"\xc3\xa9"),
    ]
    assert request.values(b"x-a") == [b"1", b""]


@pytest.mark.parametrize(
    "more",
    [
        [b"Connection: keep-alive, Upgrade"],
        [b"Connection: keep-alive", b"Connection: UPGRADE"],
        [b"Connection:,, upgrade ,"],
    ],
)
def test_connection_is_a_list(more: list[bytes]) -> None:
    """Over all lines, in any case (RFC 9110 section 5.3)."""
    assert status(head(*more, without=b"connection")) is None


@pytest.mark.parametrize("value", [b"WebSocket", b"websocket ", b"h2c, websocket", b"websocket\t,h2c"])
def test_upgrade_is_a_list(value: bytes) -> None:
    assert status(head(b"Upgrade: " + value, without=b"upgrade")) is None


@pytest.mark.parametrize("elements", [b"a, b", b" a ,\tb,", b",a,,b"])
def test_elements(elements: bytes) -> None:
    request = read(head(b"Sec-WebSocket-Protocol: " + elements, b"Sec-WebSocket-Protocol:c"), 100)
    assert request.elements(b"sec-websocket-protocol") == ["a", "b", "c"]


def test_elements_beyond_ascii_are_not_stripped() -> None:
    """What Unicode calls a space is none of HTTP's (CVE-2026-42544)."""
    request = read(head(b"Sec-WebSocket-Extensions: \x85chat\xa0"), 100)
    assert request.elements(b"sec-websocket-extensions") == ["\x85chat\xa0"]


@pytest.mark.parametrize(
    ("target", "origin_form", "host"),
    [
        (b"/", b"/", b"example.com"),
        (b"//two", b"//two", b"example.com"),
        (b"/caf\xc3\xa9?q=%20", b"/caf\xc3\xa9?q=%20", b"example.com"),
        (b"http://other:80/a?b", b"/a?b", b"other:80"),
        (b"WSS://other", b"/", b"other"),
        (b"ws://[::1]:80?b", b"/?b", b"[::1]:80"),
    ],
)
def test_the_target(target: bytes, origin_form: bytes, host: bytes) -> None:
    """In absolute form its host counts, and not the header (RFC 9112 section 3.2.2)."""
    request = read(head(first=b"GET " + target + b" HTTP/1.1"), 100)
    assert (request.target, request.values(b"host")) == (origin_form, [host])


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"GET",
        b"GET /",
        b"GET  / HTTP/1.1",
        b"GET /  HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b" GET / HTTP/1.1",
        b"GET\t/ HTTP/1.1",
        b"GET / http/1.1",
        b"GET / HTTP/1.10",
        b"GET / HTTP/1",
        b"GET / HTTP/1.0",
        b"GET / HTTP/0.9",
        b"GET / HTTP/2.0",
        b"GET /a b HTTP/1.1",
        b"GET /\0 HTTP/1.1",
        b"GET /\x7f HTTP/1.1",
        b"GET /\n HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET example.com:80 HTTP/1.1",
        b"GET path HTTP/1.1",
        b"GET http:///path HTTP/1.1",
        b"GET http://user@host/ HTTP/1.1",
        b"GET ftp://host/ HTTP/1.1",
        b"G(T / HTTP/1.1",
    ],
)
def test_a_malformed_first_line(first: bytes) -> None:
    assert status(head(first=first)) == 400


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"x",
        b": x",
        b"x : y",  # RFC 9112 section 5.1
        b"x\t: y",
        b" x: y",
        b"\tfolded",  # section 5.2
        b"x: y\n",
        b"x: y\nz: a",
        b"x: y\rz: a",
        b"x: y\0",
        b"x: \x0b",
        b"x: \x1b[31m",
        b"x: \x7f",
        b"\xc3\xa9: x",
        b"x\0: y",
    ],
)
def test_a_malformed_header_line(line: bytes) -> None:
    assert status(head(line)) == 400
    assert status(head(line, b"x: y")) == 400


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (head(first=b"POST / HTTP/1.1"), 405),
        (head(first=b"OPTIONS * HTTP/1.1"), 405),
        (head(first=b"POST / HTTP/1.1", without=b"upgrade"), 426),
        (head(b"Sec-WebSocket-Protocol: chat, \xc3\xa9"), 400),
        (head(without=b"host"), 400),
        (head(b"Host: example.com"), 400),
        (head(b"Host: a b", without=b"host"), 400),
        (head(b"Host: user@example.com", without=b"host"), 400),
        (head(b"Host: example.com/", without=b"host"), 400),
        (head(without=b"upgrade"), 426),
        (head(b"Upgrade: websockets", without=b"upgrade"), 426),
        (head(b"Upgrade: \xa0websocket", without=b"upgrade"), 426),
        (head(without=b"connection"), 426),
        (head(b"Connection: close", without=b"connection"), 426),
        (head(without=b"sec-websocket-version"), 426),
        (head(b"Sec-WebSocket-Version: 13"), 426),
        (head(b"Sec-WebSocket-Version: 8", without=b"sec-websocket-version"), 426),
        (head(b"Sec-WebSocket-Version: 013", without=b"sec-websocket-version"), 426),
        (head(without=b"sec-websocket-key"), 400),
        (head(b"Sec-WebSocket-Key: " + KEY), 400),
        (head(b"Transfer-Encoding: chunked"), 400),
        (head(b"Transfer-Encoding:"), 400),
        (head(b"Content-Length: 5"), 400),
        (head(b"Content-Length: 0", b"Content-Length: 5"), 400),
        (head(b"Content-Length: 0, 5"), 400),
        (head(b"Content-Length: -0"), 400),
    ],
)
def test_a_request_that_opens_no_websocket(data: bytes, refused: int) -> None:
    assert status(data) == refused


def test_requests_at_the_edge() -> None:
    """An empty Host (RFC 9112 section 3.2), a body of nothing, and as many lines as allowed."""
    assert status(head(b"Host:", without=b"host")) is None
    assert status(head(b"Content-Length: 0")) is None
    assert status(head(*[b"a: b"] * 95)) is None
    assert status(head(*[b"a: b"] * 96)) == 431


@given(st.binary(max_size=40))
@example(bytes(16))
@example(bytes(15))
@example(bytes(17))
def test_the_key_is_16_bytes(key: bytes) -> None:
    line = b"Sec-WebSocket-Key: "
    encoded = b64encode(key)
    assert status(head(line + encoded, without=b"sec-websocket-key")) == (None if len(key) == 16 else 400)
    for malformed in (
        encoded[:-1],
        encoded + b"=",
        encoded.replace(b"=", b"") + b"*",
        encoded + b",",
        KEY + encoded,
    ):
        if malformed != KEY:
            assert status(head(line + malformed, without=b"sec-websocket-key")) == 400


pieces = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [*LINES, b"GET / HTTP/1.1", b"\r\n", b"\n", b"\r", b":", b" ", b"\0", b"Host", b"a: b", b", "]
    ),
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(pieces, max_size=12).map(b"".join))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    status(data)


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3))
def test_what_h11_makes_of_it(place: int, inserted: bytes, removed: int) -> None:
    """A request that h11 refuses is refused, and what both read is the same."""
    data = head(b"X-A: b c", b"Cookie: d=e; f=g")
    place %= len(data)
    data = data[:place] + inserted + data[place + removed :]
    if b"\r\n\r\n" in data or data.startswith((b"\r", b"\n")):
        return  # where the head ends, and what comes before it, isn't decided here
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(data + b"\r\n\r\n")
    try:
        request = read(data, 100)
    except BadRequest:
        return
    if not request.target.isascii():
        return  # a path in raw UTF-8, which h11 doesn't take
    expected = peer.next_event()
    assert isinstance(expected, h11.Request)
    assert request.target == expected.target
    assert list(request.headers) == list(expected.headers)


@pytest.mark.parametrize(
    "line",
    [
        b"a:" + b" " * 60_000 + b"\0",
        b"a: x" + b" " * 60_000 + b"x",
        b"a:" + b" x" * 30_000 + b"\n",
        b"a" * 60_000,
        b"Sec-WebSocket-Protocol:" + b" ," * 30_000,
        b"Connection:" + b'",' * 30_000,
    ],
)
def test_long_lines_take_linear_time(line: bytes) -> None:
    begun = time.perf_counter()
    status(head(line))
    assert time.perf_counter() - begun < 1


def test_the_answer() -> None:
    """The token of RFC 6455 section 1.3, and the lines in their order."""
    assert accept_token(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    response = switching(KEY, "chat", b"permessage-deflate", [(b"a", b"1"), (b"A", b"2"), (b"a", b"")])
    peer = h11.Connection(h11.CLIENT)
    peer.send(
        h11.Request(
            method="GET", target="/", headers=[("host", "a"), ("upgrade", "b"), ("connection", "upgrade")]
        )
    )
    peer.receive_data(response)
    event = peer.next_event()
    assert isinstance(event, h11.InformationalResponse)
    assert event.status_code == 101
    assert list(event.headers)[3:] == [
        (b"sec-websocket-protocol", b"chat"),
        (b"sec-websocket-extensions", b"permessage-deflate"),
        (b"a", b"1"),
        (b"a", b"2"),
        (b"a", b""),
    ]


@pytest.mark.parametrize(("status", "line"), [(404, b"404 Not Found"), (499, b"499 ")])
def test_the_head_of_a_refusal(status: int, line: bytes) -> None:
    lines = response_head(status, [(b"a", b"b")]).split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 " + line
    assert lines[1] == b"a: b"
    assert lines[2].startswith(b"date: ")
    assert lines[3:] == [b"connection: close", b"", b""]
    assert response_head(status, [(b"Date", b"now")]).lower().count(b"date:") == 1
