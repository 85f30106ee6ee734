"""haproxy and nginx in front of each server: what works, and what a proxy changes for a handler."""

import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Protocol

import msgspec
import pytest
from examples.mounted import PAGE
from tests.features.feature import feature
from tests.outside.configurations import (
    CONFIGURATIONS,
    NGINX_HTTP1,
    NGINX_TLS,
    TLS,
    TLS_BEHIND,
    Configuration,
)
from tests.outside.request_seen import RequestSeen
from tests.servers.serving import Serving

from anysocket_matrix.peer.frames import Opcode
from anysocket_matrix.peer.peer import Lines, Peer
from anysocket_matrix.peer.wire import Mismatch, unverified
from anysocket_matrix.proxies import Certificate, RunningProxy

SILENCE = 1.0
"""Seconds, longer than a proxy may wait where that is tested."""


class Site:
    """An application and a proxy in front of it."""

    def __init__(self, serving: Serving, front: RunningProxy, *, tls: bool) -> None:
        self.address = front.address
        self.expect_output = serving.expect_output
        self._tls = tls

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.address}"

    def get_page(self) -> bytes:
        """Return the response to a request that isn't for a WebSocket."""
        client = HTTPConnection(self.address, timeout=10)
        if self._tls:
            client = HTTPSConnection(self.address, timeout=10, context=unverified())
        try:
            client.request("GET", "/")
            return client.getresponse().read()
        finally:
            client.close()

    def connect(self, path: str = "/tell", *, headers: Lines = (), http2: bool = False) -> Peer:
        url = f"{'wss' if self._tls else 'ws'}://{self.address}{path}"
        return Peer.connect(url, headers=headers, http2=http2)


class Serve(Protocol):
    """Serve behind a configuration, with replacements in its text."""

    def __call__(
        self,
        server: str,
        configuration: Configuration,
        *changes: tuple[str, str],
        app: str = "app",
        options: tuple[str, ...] = (),
    ) -> AbstractContextManager[Site]: ...


@pytest.fixture
def serve(log: Path, certificate: Certificate) -> Serve:
    @contextmanager
    def serve(
        server: str,
        configuration: Configuration,
        *changes: tuple[str, str],
        app: str = "app",
        options: tuple[str, ...] = (),
    ) -> Generator[Site, None, None]:
        text = configuration.text
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        arguments = [f"tests.outside.app:{app}", "--server", server, "--port", "0", *options]
        if configuration.tls_behind:
            arguments += ["--tls-certificate", str(certificate.chain), "--tls-key", str(certificate.key)]
        with (
            Serving(log, *arguments) as serving,
            RunningProxy(configuration.proxy, text, serving.url, certificate) as front,
        ):
            yield Site(serving, front, tls=configuration.tls)

    return serve


def request_seen(peer: Peer) -> RequestSeen:
    """Receive the handler's first message."""
    peer.expect_open()
    return msgspec.json.decode(peer.receive_frame().payload, type=RequestSeen)


def check(site: Site, version: str, *, http2: bool) -> None:
    """Check that a WebSocket works."""
    with site.connect(headers=[("Origin", site.origin)], http2=http2) as peer:
        assert request_seen(peer).http_version == version
        peer.send_text("text")
        peer.expect_text("text")
        peer.send_bytes(bytes(200_000))
        peer.expect_bytes(bytes(200_000))
        peer.send_close(3001)
        peer.expect_close(3001)
    site.expect_output("the handler saw 3001")
    with site.connect(http2=http2) as peer:
        request_seen(peer)
        peer.reset_stream()
        site.expect_output("the handler saw 1006")
    with site.connect("/nowhere", http2=http2) as peer:
        peer.expect_status(403)


def check_broken(site: Site, *, http2: bool) -> None:
    """Check that no WebSocket opens."""
    with pytest.raises(Mismatch), site.connect(http2=http2) as peer:
        peer.expect_open()


@feature(
    "BA12",
    "haproxy or nginx in front: which configurations work",
    api="[any server, configured so](proxies.md)",
)
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda each: each.file)
def test_configurations(serve: Serve, server: str, configuration: Configuration) -> None:
    with serve(server, configuration) as site:
        assert (site.get_page() == PAGE) is (server in configuration.pages)
        for http2, versions in enumerate([configuration.websockets, configuration.over_http2]):
            if versions is None:
                continue
            if server in versions:
                check(site, versions[server], http2=bool(http2))
            else:
                check_broken(site, http2=bool(http2))


@pytest.mark.parametrize("server", ["hypercorn", "granian"])
def test_without_ws_h1(serve: Serve, server: str) -> None:
    """A WebSocket may then use the HTTP/2 connection that another request has left open behind."""
    with serve(server, TLS_BEHIND, (" ws h1", "")) as site:
        assert site.get_page() == PAGE
        if server == "hypercorn":
            check(site, "2", http2=True)
        else:
            check_broken(site, http2=True)


both_versions = pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])

IMPATIENT = ("30s", "500ms")
NO_TUNNEL = ("  timeout tunnel 1h\n", "")


@both_versions
def test_silence_without_timeout_tunnel(serve: Serve, server: str, *, http2: bool) -> None:
    """After `timeout client` or `timeout server`, both sides see a lost connection."""
    with serve(server, TLS, IMPATIENT, NO_TUNNEL) as site, site.connect(http2=http2) as peer:
        request_seen(peer)
        peer.expect_end()
        site.expect_output("the handler saw 1006")


@both_versions
def test_silence_with_timeout_tunnel(serve: Serve, server: str, *, http2: bool) -> None:
    """Once the connection is open, only `timeout tunnel` counts."""
    with serve(server, TLS, IMPATIENT) as site, site.connect(http2=http2) as peer:
        request_seen(peer)
        assert not peer.hears_something(within=SILENCE)
        peer.send_text("still here")
        peer.expect_text("still here")


@both_versions
@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
def test_pings_are_no_silence(serve: Serve, server: str, *, http2: bool) -> None:
    pinging = ("--ping-interval", "0.1")
    with (
        serve(server, TLS, IMPATIENT, NO_TUNNEL, options=pinging) as site,
        site.connect(http2=http2) as peer,
    ):
        request_seen(peer)
        until = time.monotonic() + SILENCE
        while time.monotonic() < until:
            ping = peer.receive_frame("a ping")
            assert ping.opcode is Opcode.PING
            peer.send_frame(Opcode.PONG, ping.payload)


def test_silence_at_nginx(serve: Serve, server: str) -> None:
    """After `proxy_read_timeout`, both sides see a lost connection."""
    impatient = ("proxy_read_timeout 1h", "proxy_read_timeout 500ms")
    with serve(server, NGINX_HTTP1, impatient) as site, site.connect() as peer:
        request_seen(peer)
        peer.expect_end()
        site.expect_output("the handler saw 1006")


def test_no_silence_at_nginx(serve: Serve, server: str) -> None:
    """Data from the peer resets the timeout, as well as data from the server."""
    impatient = ("proxy_read_timeout 1h", "proxy_read_timeout 500ms")
    with serve(server, NGINX_HTTP1, impatient) as site, site.connect() as peer:
        request_seen(peer)
        until = time.monotonic() + SILENCE
        while time.monotonic() < until:
            peer.send_frame(Opcode.PONG)  # which has no answer
            assert not peer.hears_something(within=0.1)
        peer.send_text("still here")
        peer.expect_text("still here")


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_buffering_is_for_pages(serve: Serve, server: str, buffering: str) -> None:
    """Messages arrive at once, whatever `proxy_buffering` says."""
    line = "    proxy_http_version 1.1;\n"
    with serve(server, NGINX_HTTP1, (line, f"{line}    proxy_buffering {buffering};\n")) as site:
        check(site, "1.1", http2=False)


def test_underscores(serve: Serve, server: str) -> None:
    """nginx drops a header with an underscore in its name, unless it is configured to keep it."""
    line = "  listen ${LISTEN};\n"
    for configured, kept in (line, False), (f"{line}  underscores_in_headers on;\n", True):
        with (
            serve(server, NGINX_HTTP1, (line, configured)) as site,
            site.connect(headers=[("x_a", "1")]) as peer,
        ):
            assert ("x_a" in request_seen(peer).headers) is kept


both_proxies = pytest.mark.parametrize("configuration", [TLS, NGINX_TLS], ids=lambda each: each.file)


@both_proxies
def test_what_the_handler_is_told(serve: Serve, server: str, configuration: Configuration) -> None:
    """The other side of the connection is the proxy; the peer is in the headers."""
    pretence = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "ftp")]
    with serve(server, configuration) as site, site.connect(headers=pretence) as peer:
        seen = request_seen(peer)
    assert (seen.client, seen.scheme) == ("127.0.0.1", "ws")
    assert seen.headers["x-forwarded-for"] == ["127.0.0.1"]
    assert seen.headers["x-forwarded-proto"] == ["https"]
    assert seen.headers["host"] == [site.address]


PEER = {TLS.file: ("%[src]", "192.0.2.1"), NGINX_TLS.file: ("$remote_addr", "192.0.2.1")}
"""The header that names another peer, for a test that has only loopback."""


@both_proxies
def test_believing(serve: Serve, server: str, configuration: Configuration) -> None:
    """uvicorn's middleware, which runs on every server, puts the peer in the proxy's place."""
    elsewhere = PEER[configuration.file]
    with serve(server, configuration, elsewhere, app="believing") as site, site.connect() as peer:
        seen = request_seen(peer)
    assert (seen.client, seen.scheme) == ("192.0.2.1", "wss")


ANOTHER_HOST = {
    TLS.file: ("  default_backend", "  http-request set-header Host application.internal\n  default_backend"),
    NGINX_TLS.file: ("    proxy_set_header Host $http_host;\n", ""),  # its default is the address behind
}


@both_proxies
def test_a_host_that_is_not_passed_on(serve: Serve, server: str, configuration: Configuration) -> None:
    """Then the proxy's pages are refused, because their origin isn't the application's host."""
    with (
        serve(server, configuration, ANOTHER_HOST[configuration.file]) as site,
        site.connect(headers=[("Origin", site.origin)]) as peer,
    ):
        peer.expect_status(403)
