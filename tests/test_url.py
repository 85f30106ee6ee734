"""The address that a peer asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anysocket import URL
from anysocket.adapter import Handshake


def test_a_whole_url() -> None:
    url = URL.of(
        Handshake(
            scheme="wss",
            headers=[(b"x", b"1"), (b"host", b"Example.com:8443")],
            raw_path=b"/v1/a%2Fb;c",
            query_string=b"a=1&b=%20",
        )
    )
    assert url == "wss://Example.com:8443/v1/a%2Fb;c?a=1&b=%20"
    assert isinstance(url, str)
    assert (url.scheme, url.host, url.port, url.path, url.query) == (
        "wss",
        "example.com",
        8443,
        "/v1/a%2Fb;c",
        "a=1&b=%20",
    )


@pytest.mark.parametrize(("scheme", "port"), [("ws", 80), ("wss", 443), ("other", None)])
def test_the_port_of_the_scheme(scheme: str, port: int | None) -> None:
    assert URL.of(Handshake(scheme=scheme, headers=[(b"host", b"a")])).port == port


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (("192.0.2.2", 8000), "ws://192.0.2.2:8000/"),
        (("::1", 8000), "ws://[::1]:8000/"),
        (None, "ws:///"),
    ],
)
def test_without_a_host(server: tuple[str, int] | None, url: str) -> None:
    assert URL.of(Handshake(server=server)) == url
    assert URL.of(Handshake(server=server, headers=[(b"host", b"")])) == url


def test_without_anything() -> None:
    url = URL.of(Handshake())
    assert (url.host, url.port, url.path, url.query) == ("", 80, "/", "")


@pytest.mark.parametrize(
    "host",
    [b"[", b"[::1", b"a:99999", b"a:x", b"a:-1", b"a/b", b"a?b", b"a#b", b"a@b", b"a\tb", b"a:\xb2"],
)
def test_a_host_that_is_none(host: bytes) -> None:
    url = URL.of(Handshake(headers=[(b"host", host)], server=("192.0.2.2", 80), raw_path=b"/x"))
    assert url == "ws://192.0.2.2:80/x"


@given(st.binary(), st.binary(), st.binary())
def test_a_hostile_peer(host: bytes, path: bytes, query: bytes) -> None:
    url = URL.of(Handshake(headers=[(b"host", host)], raw_path=b"/" + path, query_string=query))
    assert (url.scheme, isinstance(url.host, str), url.path[:1]) == ("ws", True, "/")
    assert url.port is None or 0 < url.port < 65536
    assert isinstance(url.query, str)
