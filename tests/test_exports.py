"""The exports of each package: complete, and importable."""

import ast
from pathlib import Path
from types import ModuleType

import pytest

import anysocket
import anysocket_adapters
import anysocket_matrix
from anysocket import Application, CloseCode, WebSocket, WebSocketRequest

packages = pytest.mark.parametrize(
    "package", [anysocket, anysocket_adapters, anysocket_matrix], ids=lambda package: package.__name__
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


@packages
def test_complete(package: ModuleType) -> None:
    assert set(exported(package)) == imported(package)
    assert len(exported(package)) == len(set(exported(package)))


@packages
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
