"""Pages in a browser that talk to each server."""

from collections.abc import Callable, Generator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.outside.haproxy import HTTP1, TLS, Certificate, Configuration, Haproxy, installed
from tests.outside.told import Told
from tests.servers.serving import Serving

ARGUMENTS = (
    "--no-sandbox",  # root can't have one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

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


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser, None, None]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Generator[BrowserContext, None, None]:
    """Give a browser without a past, which takes any certificate."""
    with chromium.new_context(ignore_https_errors=True) as context:
        context.set_default_timeout(10_000)
        yield context


Serve = Callable[[str], Serving]


@pytest.fixture
def serve(server: str, tmp_path: Path) -> Serve:
    def serve(app: str) -> Serving:
        log = tmp_path / f"{len(list(tmp_path.iterdir()))}.log"
        return Serving(log, app, "--server", server, "--port", "0")

    return serve


def http(serving: Serving) -> str:
    """Give the address of its pages."""
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
    """Open a WebSocket in a page, and give its first message, or how it ended."""
    return str(page.evaluate(CONNECT, url))


def told(page: Page, url: str) -> Told:
    return msgspec.json.decode(connect(page, url), type=Told)


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
        told(page, f"{serving.url}/tell")
        page.close() if leave == "close" else page.reload()
        serving.says("the handler saw 1001")


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
            seen = told(page, f"{serving.url}/tell")
            assert seen.headers["origin"] == [http(elsewhere)]
            own = visit(browser, http(serving))
            assert connect(own, f"{serving.url}/tell") == "closed 1006"


def test_behind_haproxy(
    browser: BrowserContext, serve: Serve, tmp_path: Path, certificate: Certificate
) -> None:
    """The WebSocket shares the page's HTTP/2 connection, though the server only speaks HTTP/1.1."""
    line = "  default_backend"
    which = TLS.text.replace(line, f"  http-request set-header X-In-Front %[fc_http_major]\n{line}")
    with (
        serve(APP) as serving,
        Haproxy(which, serving.url, certificate, tmp_path / "haproxy.log") as front,
    ):
        page = visit(browser, f"https://{front.address}")
        seen = told(page, f"wss://{front.address}/tell")
        assert (seen.http_version, seen.headers["x-in-front"]) == ("1.1", ["2"])
        page.evaluate("own.close(3001)")
        serving.says("the handler saw 3001")


@pytest.mark.parametrize("configuration", [HTTP1, TLS], ids=lambda each: each.file)
def test_the_page_goes_away_behind_haproxy(
    browser: BrowserContext,
    serve: Serve,
    tmp_path: Path,
    certificate: Certificate,
    configuration: Configuration,
) -> None:
    """Over HTTP/2 the browser resets the stream, and haproxy drops the close frame before it."""
    with (
        serve(APP) as serving,
        Haproxy(configuration.text, serving.url, certificate, tmp_path / "haproxy.log") as front,
    ):
        secure = "s" if configuration.tls else ""
        page = visit(browser, f"http{secure}://{front.address}")
        told(page, f"ws{secure}://{front.address}/tell")
        page.close()
        serving.says(f"the handler saw {1006 if configuration.tls else 1001}")
