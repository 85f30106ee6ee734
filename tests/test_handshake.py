"""The contents of a handshake's response: headers (contract H2) and denials (contract H3)."""

import pytest

from anysocket.adapter import Denial
from anysocket.handshake import HeaderLines, denial, validated

RESERVED = [
    "sec-websocket-accept",
    "Sec-WebSocket-Protocol",
    "SEC-WEBSOCKET-EXTENSIONS",
    "sec-websocket-version",
    "sec-websocket-anything",
    "Connection",
    "upgrade",
    "Transfer-Encoding",
]


def test_headers_keep_their_order_and_duplicates() -> None:
    lines = validated([("set-cookie", "a=1"), ("x-trace", "7"), ("set-cookie", "b=2")])
    assert lines == [(b"set-cookie", b"a=1"), (b"x-trace", b"7"), (b"set-cookie", b"b=2")]


def test_names_are_lowered_and_values_are_not() -> None:
    assert validated([("X-Trace", "Seven"), (b"X-Raw", b"RAW")]) == [
        (b"x-trace", b"Seven"),
        (b"x-raw", b"RAW"),
    ]


@pytest.mark.parametrize("name", ["x", "X-A", "!#$%&'*+-.^_`|~", "0", "a1_b"])
def test_name_is_a_token(name: str) -> None:
    assert validated([(name, "")]) == [(name.lower().encode(), b"")]


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a:", "a\n", "a\r\nb", "a\0", "a\t", "(a)", "a/b", "é", "€", "a@b", '"a"', "[a]"]
)
def test_name_is_not_a_token(name: str) -> None:
    with pytest.raises(ValueError, match="isn't a token"):
        validated([(name, "x")])
    with pytest.raises(ValueError, match="isn't a token"):
        validated([(name.encode(), b"x")])


@pytest.mark.parametrize("value", ["a\r", "a\nb", "\0", "a\r\nset-cookie: evil=1", "\n"])
def test_value_with_line_break_or_nul(value: str) -> None:
    with pytest.raises(ValueError, match="holds CR, LF or NUL"):
        validated([("x", value)])
    with pytest.raises(ValueError, match="holds CR, LF or NUL"):
        validated([(b"x", value.encode())])


def test_value_is_latin_1() -> None:
    assert validated([("x", "café\t~")]) == [(b"x", b"caf\xe9\t~")]
    with pytest.raises(ValueError, match="isn't ISO-8859-1"):
        validated([("x", "€")])


@pytest.mark.parametrize("name", RESERVED)
def test_the_handshakes_own_headers(name: str) -> None:
    with pytest.raises(ValueError, match="the handshake's own"):
        validated([(name, "x")])
    with pytest.raises(ValueError, match="the handshake's own"):
        validated([(name.encode(), b"x")])


def test_denial_is_403_unless_told() -> None:
    assert denial() == Denial(403, [(b"content-length", b"0")], b"")


@pytest.mark.parametrize("status", [300, 307, 401, 403, 404, 429, 500, 503, 599])
def test_status_that_refuses(status: int) -> None:
    assert denial(status).status == status


@pytest.mark.parametrize("status", [-1, 0, 100, 101, 200, 204, 299, 600, 1000])
def test_status_that_does_not_refuse(status: int) -> None:
    with pytest.raises(ValueError, match=f"status {status} doesn't refuse"):
        denial(status)


def test_text_body() -> None:
    assert denial(404, body="nö") == Denial(
        404, [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"3")], "nö".encode()
    )


def test_bytes_body_has_no_type_of_its_own() -> None:
    assert denial(404, body=b"\0\1").headers == [(b"content-length", b"2")]


@pytest.mark.parametrize("name", ["content-type", "Content-Type"])
def test_own_content_type_stands(name: str) -> None:
    lines = denial(400, [(name, "application/json")], "{}").headers
    assert lines == [(b"content-type", b"application/json"), (b"content-length", b"2")]


def test_right_content_length_is_not_repeated() -> None:
    assert denial(400, [("Content-Length", "2")], b"{}").headers == [(b"content-length", b"2")]


def test_wrong_content_length() -> None:
    with pytest.raises(ValueError, match="content-length doesn't match the body's 2 bytes"):
        denial(400, [("content-length", "3")], b"{}")


def test_duplicate_headers_of_a_denial() -> None:
    cookies: HeaderLines = [("set-cookie", "a=1"), ("set-cookie", "b=2")]
    assert denial(302, cookies).headers[:2] == [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


def test_headers_of_a_denial_are_checked() -> None:
    with pytest.raises(ValueError, match="isn't a token"):
        denial(400, [("a b", "x")])
