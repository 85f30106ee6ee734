"""The Python blocks of each page form one module, in order; it is run and type-checked.

Its functions whose names begin with `test_` are called, on asyncio and trio unless they are about
real servers.
"""

import inspect
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import anyio
import pytest
from docs import generate
from docs.folders import DOCS

from anysocket_adapters.testing import AnysocketServer

Test: TypeAlias = Callable[[], Awaitable[None]]

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

README = DOCS.parent / "README.md"

DEADLINE = 20


def source(page: Path) -> str:
    """Join a page's blocks, each on the same lines as in the page."""
    text = page.read_text()
    lines = [""] * text.count("\n")
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start()) + 1
        code = block[1].splitlines()
        lines[first : first + len(code)] = code
    return "\n".join(lines).rstrip() + "\n"


SOURCES = {page: code for page in (README, *generate.pages()) if (code := source(page)).strip()}

pages = pytest.mark.parametrize("page", SOURCES, ids=lambda page: page.name)


def module(page: Path) -> ModuleType:
    """Run a page's module."""
    made = ModuleType(page.stem)
    exec(compile(SOURCES[page], str(page), "exec"), made.__dict__)
    return made


def examples(page: Path) -> Iterator[Test]:
    for name, value in vars(module(page)).items():
        if name.startswith("test_") and inspect.iscoroutinefunction(value):
            yield value


@pages
def test_it_runs(page: Path) -> None:
    async def run() -> None:
        for test in examples(page):
            with anyio.fail_after(DEADLINE):
                await test()

    anyio.run(run)


@pytest.mark.parametrize(("page", "least"), [("handlers.md", 8), ("testing.md", 4)])
def test_on_trio(page: str, least: int) -> None:
    tests = list(examples(DOCS / page))
    assert len(tests) >= least

    async def run() -> None:
        for test in tests:
            with anyio.fail_after(DEADLINE):
                await test()

    anyio.run(run, backend="trio")


def test_on_each_server(anysocket_server: AnysocketServer) -> None:
    """The page's own test takes the fixture that the page describes."""
    test: Callable[[AnysocketServer], None] = vars(module(DOCS / "testing.md"))["test_chat"]
    test(anysocket_server)


def test_types(tmp_path: Path) -> None:
    for page, code in SOURCES.items():
        (tmp_path / f"page_{page.stem.lower()}.py").write_text(code)  # typing.py would be another module
    command = [sys.executable, "-m", "mypy", "--strict", "--disable-error-code", "no-redef", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
