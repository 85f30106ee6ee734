"""The page of results in Chromium, from a file."""

from collections.abc import Generator
from pathlib import Path
from typing import Literal

import pytest
from docs.folders import CONTRACT, DOCS
from docs.regions import compatibility
from playwright.sync_api import Browser, Error, Page, Request, expect
from tests.measured import ABSENT, NATIVE, REASON, REPAIRED, cell, known, row, unexpected

from anysocket import Support
from anysocket.capabilities import described
from anysocket_matrix.quirks import QUIRKS
from anysocket_matrix.reports.page import render
from anysocket_matrix.results.merged import Measured, Merged
from anysocket_matrix.results.results import RowResult
from anysocket_matrix.results.supported import supported

HTTP2 = "over_http2"
COMPRESSION = "compression"
THREAD = "https://github.com/owner/repository/issues/1"


def a_row(name: str, version: str, reason: Support, http2: Support, compression: Support) -> RowResult:
    return row(
        name,
        version,
        cell("close.peers_reason", reason, REASON),
        cell("accept.over_http2", http2, HTTP2, clause="H2"),
        cell("compression.messages", compression, COMPRESSION, clause="H2"),
        cell("messages.text", clause="M1"),
    )


HYPERCORN = a_row("hypercorn", "0.18.0", REPAIRED, NATIVE, NATIVE)
ROWS = (
    a_row("granian", "2.8.7", ABSENT, ABSENT, ABSENT),
    a_row("hypercorn", "0.16.0", ABSENT, NATIVE, NATIVE),
    HYPERCORN,
    a_row("hypercorn+h2", "0.18.0", REPAIRED, NATIVE, ABSENT),
    a_row("hypercorn+tls", "0.18.0", REPAIRED, NATIVE, NATIVE),
    a_row("uvicorn", "0.54.0", NATIVE, ABSENT, NATIVE),
)


def merged(*more: Measured) -> Merged:
    return Merged([*(Measured(each.row, each.version, {"py311": each}) for each in ROWS), *more])


@pytest.fixture
def page(chromium: Browser) -> Generator[Page, None, None]:
    """A page that may load nothing else, and whose script mustn't fail."""
    requests: list[str] = []
    errors: list[Error] = []

    def loads(request: Request) -> None:
        requests.append(request.url.partition("#")[0])

    def fails(error: Error) -> None:
        errors.append(error)

    with chromium.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("request", loads)
        page.on("pageerror", fails)
        yield page
        assert not errors
        assert set(requests) == {page.url.partition("#")[0]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def visit(page: Page, file: Path, results: Merged, fragment: str = "") -> None:
    file.write_text(render(results, CONTRACT))
    page.goto(file.as_uri() + fragment)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def columns(page: Page) -> list[str]:
    return page.locator("#cases thead th").all_inner_texts()[1:]


def cases(page: Page) -> list[str]:
    return page.locator("#cases tbody th[scope=row] code").all_inner_texts()


def test_the_question_in_two_clicks(page: Page, file: Path) -> None:
    visit(page, file, merged())
    press(page, "keeps the peer's close reason")
    press(page, "speaks HTTP/2 and compresses")
    expect(page.locator(".headline")).to_have_text("hypercorn 0.18.0.")
    expect(page.locator(".answers .yes")).to_have_text(
        f"hypercorn 0.18.0: yes. By itself: {_described(HTTP2)} and "
        f"{_described(COMPRESSION)}; through its adapter: {_described(REASON)}."
        "So do hypercorn+tls, but not hypercorn+h2."
    )
    expect(page.locator(".answers .no")).to_have_text(
        [
            f"granian 2.8.7: no. Without {_described(REASON)}, {_described(HTTP2)} and "
            f"{_described(COMPRESSION)}.",
            f"uvicorn 0.54.0: no. Without {_described(HTTP2)}.",
        ]
    )
    assert columns(page) == ["hypercorn 0.18.0"]


def test_the_question_with_the_keyboard(page: Page, file: Path) -> None:
    visit(page, file, merged())
    for keys in ("Tab", "Enter", "Tab", "Space"):
        page.keyboard.press(keys)
    expect(page.locator(".headline")).to_have_text("hypercorn 0.18.0.")


def _described(capability: str) -> str:
    return described().get(capability, ("", capability))[1]


def test_the_question_on_the_committed_page(page: Page) -> None:
    page.goto((DOCS / "compatibility.html").as_uri())
    needs = (REASON, HTTP2)
    able = [
        f"{each.row} {each.version}"
        for each in compatibility.servers()
        if all(supported(each)[need] is not Support.ABSENT for need in needs)
    ]
    assert able
    press(page, "keeps the peer's close reason")
    press(page, "speaks HTTP/2")
    *others, last = able
    expect(page.locator(".headline")).to_have_text(f"{', '.join(others)} and {last}.")
    assert columns(page) == able


def test_a_second_click_takes_a_need_back(page: Page, file: Path) -> None:
    visit(page, file, merged())
    press(page, "speaks HTTP/2 and compresses")
    expect(page.get_by_role("button", name="compresses", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    press(page, "speaks HTTP/2 and compresses")
    expect(page.locator("#answer")).to_be_empty()
    assert len(columns(page)) == 3


def test_any_need(page: Page, file: Path) -> None:
    visit(page, file, merged())
    page.get_by_text("needs, one by one").click()
    press(page, _described(HTTP2))
    assert columns(page) == ["hypercorn 0.18.0"]
    press(page, _described("keepalive"))
    expect(page.locator(".headline")).to_have_text("No server has all of this.")
    expect(page.locator(".answers .no").last).to_contain_text(f"Not measured: {_described('keepalive')}")


def test_a_need_with_failures(page: Page, file: Path) -> None:
    partly = row("uvicorn", "0.55.0", cell("a.b", NATIVE, REASON), unexpected("a.c", ABSENT, REASON))
    visit(page, file, Merged([Measured("uvicorn", "0.55.0", {"py311": partly})]))
    press(page, "keeps the peer's close reason")
    expect(page.locator(".headline")).to_have_text("No server has all of this.")
    expect(page.locator(".answers .partly")).to_contain_text(
        f"uvicorn 0.55.0: partly. With failures: {_described(REASON)}"
    )


def test_clauses(page: Page, file: Path) -> None:
    visit(page, file, merged())
    page.get_by_label("Clause").select_option("C1")
    assert cases(page) == ["close.peers_reason"]
    expect(page.locator("#cases .group a")).to_have_attribute("href", "contract.md#c1-code-and-reason")
    page.locator("#heat").get_by_role("button", name="H2", exact=True).press("Enter")
    assert cases(page) == ["accept.over_http2", "compression.messages"]
    expect(page.get_by_role("heading", name="Case by case")).to_be_focused()
    page.get_by_text("needs, one by one").click()
    expect(page.locator(".needs .clause a").first).to_have_attribute("href", "contract.md#h2-accept")


def test_rows(page: Page, file: Path) -> None:
    visit(page, file, merged())
    assert columns(page) == ["granian 2.8.7", "hypercorn 0.18.0", "uvicorn 0.54.0"]
    page.locator("#row").get_by_role("button", name="hypercorn").click()
    assert columns(page) == ["hypercorn 0.18.0"]
    page.locator("#variant").get_by_role("button", name="h2").click()
    assert columns(page) == ["hypercorn 0.18.0", "hypercorn+h2 0.18.0"]
    expect(page.locator("#bars tr:visible th")).to_have_text(["hypercorn 0.18.0", "hypercorn+h2 0.18.0"])
    expect(page.locator("#heat tbody th")).to_have_text(["hypercorn 0.18.0", "hypercorn+h2 0.18.0"])


def test_versions(page: Page, file: Path) -> None:
    visit(page, file, merged())
    page.get_by_label("Version").select_option("0.16.0")
    assert columns(page) == ["hypercorn 0.16.0"]
    page.get_by_label("Version").select_option("all")
    assert columns(page) == ["granian 2.8.7", "hypercorn 0.16.0", "hypercorn 0.18.0", "uvicorn 0.54.0"]
    press(page, "keeps the peer's close reason")
    expect(page.locator(".headline")).to_have_text("hypercorn 0.18.0 and uvicorn 0.54.0.")


def test_verdicts(page: Page, file: Path) -> None:
    visit(page, file, merged(), "#row=hypercorn")
    page.locator("#verdict").get_by_role("button", name="repaired").click()
    assert cases(page) == ["close.peers_reason"]
    page.locator("#verdict").get_by_role("button", name="native").click()
    assert len(cases(page)) == 4


def test_words(page: Page, file: Path) -> None:
    visit(page, file, merged())
    search = page.get_by_label("Search")
    for words, found in {
        "HTTP2": "accept.over_http2",
        "the peer closed": "",
        "peers": "close.peers_reason",
    }.items():
        search.fill(words)
        assert found in cases(page) or not found
        assert len(cases(page)) < 4


def test_only_where_the_rows_differ(page: Page, file: Path) -> None:
    visit(page, file, merged())
    page.get_by_label("only where the rows differ").check()
    assert cases(page) == ["accept.over_http2", "compression.messages", "close.peers_reason"]
    press(page, "Clear all")
    expect(page.get_by_label("only where the rows differ")).not_to_be_checked()
    assert len(cases(page)) == 4


def test_an_answer_is_linked(page: Page, file: Path) -> None:
    visit(page, file, merged())
    press(page, "speaks HTTP/2 and compresses")
    page.get_by_label("Version").select_option("all")
    page.get_by_label("Search").fill("reason")
    page.locator("#variant").get_by_role("button", name="tls").click()
    page.get_by_role("button", name="close.peers_reason on hypercorn 0.18.0: repaired").click()
    shown = page.locator("main").inner_text()
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator(".detail h3")).to_have_text("close.peers_reason on hypercorn 0.18.0")
    assert page.locator("main").inner_text() == shown


def test_a_cell_opens(page: Page, file: Path) -> None:
    case = "pressure.ping_while_busy"
    quirk = next(each for each in QUIRKS if case in each.cases and each.affects("granian"))
    measured = row("granian", "2.9.0", cell(case, ABSENT))
    visit(page, file, Merged([Measured("granian", "2.9.0", {"py311": measured})]))
    button = page.get_by_role("button", name=f"{case} on granian 2.9.0: absent")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    detail = page.locator(".detail")
    expect(detail.locator(".layers tbody tr")).to_have_text(
        ["plainreason 'bye'reason ''", "adapterreason 'bye'reason ''", "normalisedreason 'bye'reason ''"]
    )
    expect(detail.get_by_role("link", name="C1 Code and reason")).to_be_visible()
    expect(detail.locator(".quirk")).to_contain_text(f"Quirk {quirk.number}.")
    expect(detail.locator(".quirk a").first).to_have_attribute("href", next(iter(quirk.links().values())))
    button.click()
    expect(detail).to_have_count(0)


def test_known_failures(page: Page, file: Path) -> None:
    failing = row("nonecorn", "0.1", known("a.b", THREAD))
    visit(page, file, merged(Measured("nonecorn", "0.1", {"py311": failing})))
    expect(page.locator("table.known a")).to_have_attribute("href", THREAD)
    page.get_by_role("button", name="a.b on nonecorn 0.1: known").click()
    expect(page.locator(".detail").get_by_role("link", name="see the thread")).to_have_attribute(
        "href", THREAD
    )


def test_environments_that_disagree(page: Page, file: Path) -> None:
    runs = {
        "py311": row("daphne", "4.2.3", cell("a.b")),
        "py313": row("daphne", "4.2.3", cell("a.b", REPAIRED)),
    }
    visit(page, file, merged(Measured("daphne", "4.2.3", runs)))
    page.get_by_role("button", name="a.b on daphne 4.2.3: native or repaired").click()
    expect(page.locator(".detail")).to_contain_text("native, declared native in py311")
    expect(page.locator(".detail")).to_contain_text("repaired, declared repaired in py313")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_can_be_read(page: Page, file: Path, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    visit(page, file, merged())
    ink, paper = (
        str(page.locator("section").first.evaluate(f"element => getComputedStyle(element).{name}"))
        for name in ("color", "backgroundColor")
    )
    assert (_lightness(ink) < _lightness(paper)) is (scheme == "light")
    assert abs(_lightness(ink) - _lightness(paper)) > 450


def _lightness(colour: str) -> int:
    return sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(","))


def test_a_narrow_window_has_no_sideways_scrolling(page: Page, file: Path) -> None:
    page.set_viewport_size({"width": 380, "height": 800})
    visit(page, file, merged(), f"#need={REASON}&variant=h2,tls&version=all")
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
