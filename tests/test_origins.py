"""The origins that may connect."""

import pytest

from anysocket.http.origins import Origins


def refused(allowed: list[str] | str | None, origin: str | None, host: str | None = None) -> str | None:
    lines = [(b"host", host), (b"cookie", "a=b"), (b"origin", origin)]
    headers = [(name, value.encode("latin-1")) for name, value in lines if value is not None]
    return Origins(allowed).refused(headers)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "example.com"),
        (None, None),
        ("http://example.com", "example.com"),
        ("https://example.com", "example.com"),
        ("http://example.com", "example.com:80"),
        ("https://example.com", "example.com:443"),
        ("http://example.com:80", "example.com"),
        ("https://example.com:443", "example.com"),
        ("http://example.com:8000", "example.com:8000"),
        ("HTTP://Example.COM:8000", "eXample.com:8000"),
        ("http://[::1]", "[::1]"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://[::80]", "[::80]:80"),
        ("https://127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_same_host(origin: str | None, host: str | None) -> None:
    assert refused(None, origin, host) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.com", "example.com"),
        ("http://example.com", None),
        ("http://example.com:8001", "example.com:8000"),
        ("http://example.com", "example.com:8000"),
        ("http://example.com:8000", "example.com"),
        ("https://example.com", "example.com:80"),
        ("http://example.com", "example.com:443"),
        ("http://example.com.evil.com", "example.com"),
        ("http://evil.com/example.com", "example.com"),
        ("http://example.com@evil.com", "example.com"),
        ("http://[::1]", "[::2]"),
        ("null", "example.com"),
        ("null", "null"),
        ("null", None),
        ("null", ""),
        ("", "example.com"),
        ("", ""),
        ("http://", None),
        ("http://:80", ""),
        ("://", ""),
        ("example.com", "example.com"),
        ("file://", ""),
        ("\xff\xfe", "example.com"),
        ("http://\xff", "example.com"),
        ("*", "example.com"),
    ],
)
def test_another_host(origin: str, host: str | None) -> None:
    assert refused(None, origin, host) == origin


@pytest.mark.parametrize(
    ("allowed", "origin"),
    [
        (["https://example.com"], "https://example.com"),
        (["https://example.com"], "https://example.com:443"),
        (["https://example.com:443"], "https://example.com"),
        (["HTTPS://Example.com"], "https://example.com"),
        (["http://a", "http://b:1"], "http://b:1"),
        (["null"], "null"),
        (["http://[::1]:8000"], "http://[::1]:8000"),
        (["chrome-extension://abc"], "chrome-extension://abc"),
        (["app://."], "app://."),
        (["capacitor://localhost"], "capacitor://localhost"),
        (["file://"], "file://"),
        (["https://*.example.com"], "https://a.example.com"),
        (["https://*.example.com"], "https://A.Example.com:443"),
        (["https://*.example.com:8443"], "https://a.example.com:8443"),
        ("*", "http://evil.com"),
        ("*", "null"),
        (["*"], "\xff"),
        ([], None),
    ],
)
def test_allowed(allowed: list[str] | str, origin: str | None) -> None:
    assert refused(allowed, origin, "elsewhere") is None


@pytest.mark.parametrize(
    ("allowed", "origin"),
    [
        (["https://example.com"], "http://example.com"),
        (["https://example.com"], "https://example.com:8443"),
        (["https://example.com"], "https://example.com.evil.com"),
        (["https://example.com"], "null"),
        (["https://example.com"], "https://elsewhere"),  # its own host isn't added to the list
        ([], "https://elsewhere"),
        (["https://*.example.com"], "https://example.com"),
        (["https://*.example.com"], "https://.example.com"),
        (["https://*.example.com"], "https://a.b.example.com"),
        (["https://*.example.com"], "https://aexample.com"),
        (["https://*.example.com"], "https://a.example.com.evil.com"),
        (["https://*.example.com"], "http://a.example.com"),
        (["https://*.example.com"], "https://a.example.com:8443"),
        (["https://*.example.com"], ""),
    ],
)
def test_not_allowed(allowed: list[str], origin: str) -> None:
    assert refused(allowed, origin, "elsewhere") == origin


@pytest.mark.parametrize(
    "origin",
    [
        "example.com",
        "https://example.com/",
        "https://example.com/path",
        "https://",
        "https://user@example.com",
        "https://*",
        "https://*.com",
        "https://a.*.com",
        "https://*a.example.com",
        "https://*.*.com",
        "https://example.com?a",
        "https://exam ple.com",
        "",
        "nul",
    ],
)
def test_what_is_no_origin(origin: str) -> None:
    with pytest.raises(ValueError, match="isn't an origin: write scheme://host, scheme://host:port"):
        Origins([origin])


@pytest.mark.parametrize(
    "lines", [["http://evil", "http://own"], ["http://own", "http://evil"], ["", "http://own"]]
)
@pytest.mark.parametrize("allowed", [None, ["http://own"]])
def test_more_than_one_line(lines: list[str], allowed: list[str] | None) -> None:
    headers = [(b"host", b"own"), *((b"origin", each.encode()) for each in lines)]
    assert Origins(allowed).refused(headers) == ", ".join(lines)


def test_one_origin_that_is_no_list() -> None:
    with pytest.raises(ValueError, match=r"must be several: write origins=\['https://example.com'\]"):
        Origins("https://example.com")
