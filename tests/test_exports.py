"""The exports of each package: complete, and importable."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from docs.regions.names import MODULES

import anysocket
import anysocket.adapter
import anysocket_adapters
import anysocket_adapters.repairs
import anysocket_adapters.uvicorn
import anysocket_matrix
import anysocket_protocol
from anysocket import Application, CloseCode, WebSocket, WebSocketRequest

HERE = Path(__file__).parent.parent

PACKAGES = [anysocket, anysocket_protocol, anysocket_adapters, anysocket_matrix]

packages = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
modules = pytest.mark.parametrize(
    "package",
    [*PACKAGES, anysocket.adapter, anysocket_adapters.repairs, anysocket_adapters.uvicorn],
    ids=lambda package: package.__name__,
)


def exported(package: ModuleType) -> list[str]:
    names: list[str] = getattr(package, "__all__", [])
    return names


def imported(package: ModuleType) -> set[str]:
    """Return every public name that the package's own module imports."""
    tree = ast.parse(Path(str(package.__file__)).read_text())
    names = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return {name for name in names if not name.startswith("_")}


@modules
def test_complete(package: ModuleType) -> None:
    assert set(exported(package)) == imported(package)
    assert len(exported(package)) == len(set(exported(package)))


@modules
def test_there(package: ModuleType) -> None:
    assert [name for name in exported(package) if not hasattr(package, name)] == []


@packages
def test_typed(package: ModuleType) -> None:
    assert Path(str(package.__file__)).with_name("py.typed").exists()


def test_the_four_names_that_a_handler_needs() -> None:
    assert Application.__name__ in exported(anysocket)
    assert WebSocket.__name__ in exported(anysocket)
    assert WebSocketRequest.__name__ in exported(anysocket)
    assert CloseCode.__name__ in exported(anysocket)


def shown() -> Iterator[tuple[Path, str]]:
    """Give the code that users read: the examples, and the Python blocks of the documentation."""
    examples = HERE / "examples"
    yield from ((path, path.read_text()) for path in sorted(examples.rglob("*.py")))
    for page in (HERE / "README.md", *sorted((HERE / "docs").glob("*.md"))):
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
            yield page, block


def test_the_documentation_imports_public_names_only() -> None:
    private: list[str] = []
    for path, code in shown():
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in (
                "anysocket",
                "anysocket_adapters",
                "anysocket_protocol",
            ):
                names = exported(import_module(str(node.module))) if node.module in MODULES else []
                private += [
                    f"{path.name}: {node.module}.{each.name}" for each in node.names if each.name not in names
                ]
    assert private == []
