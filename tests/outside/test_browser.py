"""Pages in a browser that talk with each server."""

from collections.abc import Generator
from pathlib import Path
from typing import Protocol

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.outside.configurations import HTTP1, NGINX_HTTP1, NGINX_TLS, TLS, Configuration
from tests.outside.request_seen import RequestSeen
from tests.servers.serving import Serving

from anysocket_matrix.proxies import Certificate, RunningProxy

APP = "tests.outside.app:app"
MOUNTED = "examples.mounted:app"
CHAT_ROOM = "examples.chat_room:app"

CONNECT = """
url => new Promise(resolve => {
  const own = window.own = new WebSocket(url)
  own.onmessage = event => resolve(event.data)
  own.onclose = event => resolve(`closed ${event.code}`)
  setTimeout(() => resolve("nothing came"), 10000)
})
"""

PROTOCOL = "performance.getEntriesByType('navigation')[0].nextHopProtocol"


@pytest.fixture
def browser(chromium: Browser) -> Generator[BrowserContext, None, None]:
    """A browser with a fresh profile, which accepts any certificate."""
    with chromium.new_context(ignore_https_errors=True) as context:
        context.set_default_timeout(10_000)
        yield context


class Serve(Protocol):
    """Serve an app with options of `anysocket serve`."""

    def __call__(self, app: str, *options: str) -> Serving: ...


@pytest.fixture
def serve(server: str, tmp_path: Path) -> Serve:
    def serve(app: str, *options: str) -> Serving:
        log = tmp_path / f"{len(list(tmp_path.iterdir()))}.log"
        return Serving(log, app, "--server", server, "--port", "0", *options)

    return serve


def http(serving: Serving) -> str:
    """Return the address of its pages."""
    return serving.url.replace("ws", "http", 1)


def visit(browser: BrowserContext, url: str) -> Page:
    page = browser.new_page()
    page.goto(url)
    return page


def say(page: Page, user: str, text: str) -> None:
    page.locator("#user").fill(user)
    page.locator("#text").fill(text)
    page.locator("#submit").click()


def connect(page: Page, url: str) -> str:
    """Open a WebSocket in a page, and return its first message, or how it ended."""
    return str(page.evaluate(CONNECT, url))


def request_seen(page: Page, url: str) -> RequestSeen:
    return msgspec.json.decode(connect(page, url), type=RequestSeen)


def test_mounted(browser: BrowserContext, serve: Serve) -> None:
    with serve(MOUNTED) as serving:
        page = visit(browser, http(serving))
        page.locator("#say").fill("hello")
        page.locator("#say").blur()
        expect(page.locator("#hear")).to_have_text("HELLO")


def test_chat_room(browser: BrowserContext, serve: Serve) -> None:
    with serve(CHAT_ROOM) as serving:
        ada, bob = (visit(browser, http(serving)) for _ in range(2))
        say(ada, "ada", "hello")
        for page in (ada, bob):
            expect(page.locator("#messages li")).to_have_text(["ada: hello"])
        ada.close()
        say(bob, "bob", "<b>still here</b>")
        cyd = visit(browser, http(serving))
        for page in (bob, cyd):
            expect(page.locator("#messages li")).to_have_text(["ada: hello", "bob: <b>still here</b>"])
        assert "Traceback" not in serving.log()


@pytest.mark.parametrize("leave", ["close", "reload"])
def test_the_page_goes_away(browser: BrowserContext, serve: Serve, leave: str) -> None:
    with serve(APP) as serving:
        page = visit(browser, http(serving))
        request_seen(page, f"{serving.url}/tell")
        page.close() if leave == "close" else page.reload()
        serving.expect_output("the handler saw 1001")


def test_pages_from_elsewhere_are_refused(browser: BrowserContext, serve: Serve) -> None:
    with serve(MOUNTED) as elsewhere, serve(APP) as serving:
        page = visit(browser, http(elsewhere))
        assert connect(page, f"{serving.url}/tell") == "closed 1006"


def test_pages_from_elsewhere_that_are_let_in(
    browser: BrowserContext, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(MOUNTED) as elsewhere:
        monkeypatch.setenv("ORIGINS", http(elsewhere))
        with serve(APP) as serving:
            page = visit(browser, http(elsewhere))
            seen = request_seen(page, f"{serving.url}/tell")
            assert seen.headers["origin"] == [http(elsewhere)]
            own = visit(browser, http(serving))
            assert connect(own, f"{serving.url}/tell") == "closed 1006"


OVER_TLS = {"uvicorn": "1.1", "hypercorn": "2", "granian": "1.1"}
"""The HTTP version that a WebSocket uses; the page uses HTTP/2 on granian too."""


def test_over_tls(browser: BrowserContext, serve: Serve, server: str, certificate: Certificate) -> None:
    """WebSockets use HTTP/2 on the server that offers them there, and HTTP/1.1 on others."""
    tls = ("--tls-certificate", str(certificate.chain), "--tls-key", str(certificate.key))
    with serve(APP, *tls) as serving:
        page = visit(browser, http(serving))
        assert page.evaluate(PROTOCOL) == ("http/1.1" if server == "uvicorn" else "h2")
        seen = request_seen(page, f"{serving.url}/tell")
        assert (seen.http_version, seen.scheme) == (OVER_TLS[server], "wss")
        page.evaluate("own.close(3001)")
        serving.expect_output("the handler saw 3001")


def test_behind_haproxy(browser: BrowserContext, serve: Serve, certificate: Certificate) -> None:
    """The WebSocket shares the page's HTTP/2 connection, though the server only speaks HTTP/1.1."""
    line = "  default_backend"
    which = TLS.text.replace(line, f"  http-request set-header X-In-Front %[fc_http_major]\n{line}")
    with (
        serve(APP) as serving,
        RunningProxy(TLS.proxy, which, serving.url, certificate) as front,
    ):
        page = visit(browser, f"https://{front.address}")
        seen = request_seen(page, f"wss://{front.address}/tell")
        assert (seen.http_version, seen.headers["x-in-front"]) == ("1.1", ["2"])
        page.evaluate("own.close(3001)")
        serving.expect_output("the handler saw 3001")


def test_behind_nginx(browser: BrowserContext, serve: Serve, certificate: Certificate) -> None:
    """The page uses HTTP/2, the WebSocket a connection of its own over HTTP/1.1."""
    line = "    proxy_http_version 1.1;"
    which = NGINX_TLS.text.replace(line, f"{line}\n    proxy_set_header X-In-Front $server_protocol;")
    with (
        serve(APP) as serving,
        RunningProxy(NGINX_TLS.proxy, which, serving.url, certificate) as front,
    ):
        page = visit(browser, f"https://{front.address}")
        assert page.evaluate(PROTOCOL) == "h2"
        seen = request_seen(page, f"wss://{front.address}/tell")
        assert (seen.http_version, seen.headers["x-in-front"]) == ("1.1", ["HTTP/1.1"])
        page.evaluate("own.close(3001)")
        serving.expect_output("the handler saw 3001")


FRONTS = ((HTTP1, 1001), (TLS, 1006), (NGINX_HTTP1, 1001), (NGINX_TLS, 1001))
"""The handler's close code after the page goes away."""


@pytest.mark.parametrize(("configuration", "code"), FRONTS, ids=lambda each: str(getattr(each, "file", each)))
def test_the_page_goes_away_behind_a_proxy(
    browser: BrowserContext, serve: Serve, certificate: Certificate, configuration: Configuration, code: int
) -> None:
    """Over HTTP/2 the browser resets the stream, and haproxy drops the close frame before the reset."""
    with (
        serve(APP) as serving,
        RunningProxy(configuration.proxy, configuration.text, serving.url, certificate) as front,
    ):
        secure = "s" if configuration.tls else ""
        page = visit(browser, f"http{secure}://{front.address}")
        request_seen(page, f"ws{secure}://{front.address}/tell")
        page.close()
        serving.expect_output(f"the handler saw {code}")
