"""Each row of docs/migration.md is proved: its code is in the program that it names."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from docs.folders import DOCS

from tests.features.feature import FEATURES

PAGE = (DOCS / "migration.md").read_text()

HEAD = "| proved by |"


def rows() -> list[tuple[str, str, str]]:
    """Return for each row its section, anysocket's code, and its proof."""
    found: list[tuple[str, str, str]] = []
    section, in_table = "", False
    for line in PAGE.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        in_table = line.startswith("| ") and (in_table or line.endswith(HEAD))
        if in_table and not line.startswith("| ---") and not line.endswith(HEAD):
            _, _, ours, _, proof, _ = (cell.strip() for cell in re.split(r"(?<!\\)\|", line))
            found.append((section, ours, proof))
    return found


ROWS = rows()


@pytest.fixture(scope="module", autouse=True)
def features() -> None:
    for file in Path(__file__).parent.glob("test_*.py"):
        import_module(f"tests.features.{file.stem}")


def source(proof: str) -> str:
    """Return the tested program: a feature's test, the page's blocks or an example."""
    if proof == "below":
        return "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    if example := re.search(r"\(\.\./(examples/\w+\.py)\)", proof):
        return (DOCS.parent / example[1]).read_text()
    text = inspect.getsource(FEATURES[proof].test)
    return text[text.index("def test_") :]  # without the arguments of its decorator


@pytest.mark.parametrize(("section", "ours", "proof"), ROWS)
def test_each_row_is_proved(section: str, ours: str, proof: str) -> None:
    sources = "\n".join(map(source, proof.split(", ")))
    names = set(re.findall(r"[A-Za-z_]\w+", " ".join(re.findall(r"`([^`]+)`", ours))))
    missing = {name for name in names if not re.search(rf"\b{name}\b", sources)}
    assert not missing, f"{section}: {proof} has no {', '.join(sorted(missing))}"


def test_every_section_has_rows() -> None:
    sections = set(re.findall(r"^## (From .+)$", PAGE, re.MULTILINE))
    assert {section for section, _, _ in ROWS} == sections
