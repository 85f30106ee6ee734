"""Imports run one way, and servers are named only in their own modules."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import anysocket
import anysocket_adapters
import anysocket_matrix
import anysocket_protocol

CORE, PROTOCOL, ADAPTERS, MATRIX = PACKAGES = tuple(
    Path(package.__path__[0])
    for package in (anysocket, anysocket_protocol, anysocket_adapters, anysocket_matrix)
)

FORBIDDEN = {
    CORE: {"anysocket_protocol", "anysocket_adapters", "anysocket_matrix"},
    PROTOCOL: {"anysocket_adapters", "anysocket_matrix"},
    ADAPTERS: {"anysocket_matrix"},
}

EXTRAS = {
    "mypy.py": "mypy",
    "messages/structured.py": "msgspec",
    "asyncapi/document.py": "msgspec",
    "asyncapi/kinds.py": "msgspec",
    "asyncapi/schemas.py": "msgspec",
    "asyncapi/description.py": "msgspec",
}
"""Further packages that a module of the core imports when it is first used."""

CORE_NEEDS = {"anysocket", "anyio", "typing_extensions", *sys.stdlib_module_names}

SERVERS = re.compile("uvicorn|hypercorn|granian|daphne", re.IGNORECASE)


def modules(folder: Path) -> Iterator[Path]:
    found = sorted(folder.rglob("*.py"))
    assert found, f"nothing in {folder}"
    yield from found


def imported(tree: ast.AST) -> Iterator[str]:
    """Return the top-level packages that a module imports anywhere in its code."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.ImportFrom():
                yield "a relative import"
            case _:
                pass


def imported_modules(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """Return the known modules that a module imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from known & {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names):
                found = known & {f"{module}.{alias.name}" for alias in names}
                yield from found
                if len(found) < len(names) and module in known:
                    yield module
            case _:
                pass


def name_of(path: Path, package: Path) -> str:
    """Return the name by which a file is imported."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def words(tree: ast.AST) -> Iterator[str]:
    """Return every identifier and every string, docstrings included; comments aren't in the tree."""
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            for each in value if isinstance(value, list) else [value]:  # pyright: ignore[reportUnknownVariableType]
                if isinstance(each, str):
                    yield each


@pytest.mark.parametrize("folder", FORBIDDEN, ids=lambda folder: folder.name)
def test_imports_run_one_way(folder: Path) -> None:
    for path in modules(folder):
        assert not FORBIDDEN[folder] & set(imported(ast.parse(path.read_text()))), path


def arrows(package: Path) -> dict[str, set[str]]:
    """Return each module of a package, with the modules of the package that it imports."""
    names = {name_of(path, package): path for path in modules(package)}
    return {
        name: set(imported_modules(ast.parse(path.read_text()), set(names))) - {name}
        for name, path in names.items()
    }


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_no_module_imports_itself_through_another(package: Path) -> None:
    TopologicalSorter(arrows(package)).prepare()  # raises a CycleError, which names them


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_no_folder_imports_itself_through_another(package: Path) -> None:
    rooms = dict[str, set[str]]()
    for name, others in arrows(package).items():
        room, *_ = name.split(".")[1:] or [""]
        rooms.setdefault(room, set()).update(each.split(".")[1] for each in others if "." in each)
        rooms[room].discard(room)
    TopologicalSorter(rooms).prepare()


def test_the_core_needs_only_anyio() -> None:
    for path in modules(CORE):
        extra = EXTRAS.get(path.relative_to(CORE).as_posix())
        assert set(imported(ast.parse(path.read_text()))) <= CORE_NEEDS | {extra}, path


def test_extras_are_imported_when_they_are_needed() -> None:
    code = f"import sys, anysocket; assert not sys.modules.keys() & {set(EXTRAS.values())}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("folder", [CORE, MATRIX / "conformance"], ids=lambda folder: folder.name)
def test_no_server_is_named(folder: Path) -> None:
    for path in [*modules(folder), MATRIX / "case.py"]:
        assert not [word for word in words(ast.parse(path.read_text())) if SERVERS.search(word)], path


def test_only_the_plugin_needs_pytest() -> None:
    found = [path for path in modules(ADAPTERS) if "pytest" in imported(ast.parse(path.read_text()))]
    assert found == [ADAPTERS / "testing" / "needs.py", ADAPTERS / "testing" / "plugin.py"]


def test_pytest_starts_without_any_server() -> None:
    """This also matters to users who don't use anysocket's plugin."""
    source = "import sys, anysocket_adapters.testing.plugin; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert "anysocket_adapters" in loaded
    assert not loaded & {"uvicorn", "hypercorn", "granian", "daphne", "twisted"}


def test_a_server_under_test_starts_without_what_only_pytests_need() -> None:
    """A row starts twenty servers, and the imports of each take as long as many cases."""
    source = (
        "import sys, anysocket_matrix.processes.serve_command, anysocket_matrix.processes.tethered_server\n"
        "from anysocket_matrix import case\n"
        "from anysocket_matrix.conformance import app, lifecycle\n"
        "case.cases()\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert "anysocket_matrix" in loaded
    assert not loaded & {"pytest", "typer", "rich", "h2", "trustme", "cryptography"}


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn", "granian", "daphne"])
def test_a_server_is_chosen_without_importing_another(server: str) -> None:
    source = (
        f"import sys; from anysocket_adapters.registry import choose; choose({server!r}); print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert not loaded & ({"uvicorn", "hypercorn", "granian", "daphne"} - {server})


def test_imports_are_found_wherever_they_are() -> None:
    source = "import a.b, c as d\nfrom e.f import g\ndef h():\n    if i:\n        import j\nfrom . import k"
    assert set(imported(ast.parse(source))) == {"a", "c", "e", "j", "a relative import"}


@pytest.mark.parametrize(
    "source",
    [
        '"""For uvicorn."""',
        "import granian.asgi",
        "from hypercorn import asyncio",
        "class UvicornTransport: ...",
        "def serve(daphne): ...",
        "x.is_granian",
        "f(uvicorn=1)",
        "f'on {x} hypercorn'",
        "global granian",
    ],
)
def test_names_are_found_wherever_they_are(source: str) -> None:
    assert any(SERVERS.search(word) for word in words(ast.parse(source)))
