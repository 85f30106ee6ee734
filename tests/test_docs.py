"""The documentation: its generated regions are up to date, and its links lead somewhere."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from docs import generate
from docs.folders import CONTRACT, DOCS
from docs.regions.options import options
from typer.testing import CliRunner

from anysocket_matrix import cli
from anysocket_matrix.reports.page.clauses import TITLES

PAGES = generate.pages()
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub derives them from the text."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_generated(page: Path) -> None:
    text = page.read_text()
    assert text.count("<!-- generated: ") == text.count("<!-- end -->") == len(generate.REGION.findall(text))
    assert generate.generated(text) == text, "run python -m docs.generate"


def test_a_terminal_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tox gives one to its commands, if it has one."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in "".join(region() for region in generate.REGIONS.values())


def test_everything_that_is_generated_stands_somewhere() -> None:
    used = {name for page in PAGES for _, name, _ in generate.REGION.findall(page.read_text())}
    assert used == set(generate.REGIONS)


def test_every_clause_has_a_heading() -> None:
    headings = re.findall(r"^### (\w+) (.+)$", (DOCS / CONTRACT).read_text(), re.MULTILINE)
    assert headings == list(TITLES.items())


@pytest.mark.parametrize(
    ("name", "command"), [("serve", cli.serve), ("asyncapi", cli.asyncapi), ("autobahn", cli.autobahn)]
)
def test_the_options_are_those_of_the_help(name: str, command: Callable[..., None]) -> None:
    shown = CliRunner().invoke(cli.app, [name, "--help"]).output
    flags = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
    assert set(flags.findall(options(command))) == set(flags.findall(shown)) - {"--help"}


def test_check_fails_on_a_stale_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: unproved -->\nstale\n<!-- end -->\n")
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    assert generate.main(["--check"]) == 1
    assert "page.md is stale" in capsys.readouterr().out
    assert "stale" in page.read_text()
    assert generate.main([]) == 0
    assert "stale" not in page.read_text()
    assert generate.main(["--check"]) == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    for target, anchor in LINK.findall(CODE.sub("", page.read_text())):
        if target.startswith("https://"):
            continue
        file = page.parent / target if target else page
        assert file.exists(), f"{target} isn't there"
        if anchor:
            assert anchor in anchors(file.read_text()), f"{target}#{anchor} isn't there"
