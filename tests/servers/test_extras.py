"""Each extra in an environment of its own: the README's program runs, and what is missing is one line."""

import os
import subprocess
import venv
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.servers.client import connect
from tests.servers.serving import ROOT, Serving
from tests.servers.test_doc_examples import README, source

from anysocket_matrix import cli

DEADLINE = 45

SCRIPT = (
    "-c",
    "import sys; from importlib.metadata import entry_points; "
    "(script,) = entry_points(group='console_scripts', name='anysocket'); sys.exit(script.load()())",
)
"""The script `anysocket`, as pip writes it."""

MODULE = ("-m", "anysocket_matrix")

Install = Callable[..., str]


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Give the Python of an environment that has anysocket with an extra, and what else is named."""
    made: dict[tuple[str, ...], str] = {}

    def installed(extra: str, *others: str) -> str:
        if (extra, *others) not in made:
            folder = tmp_path_factory.mktemp(extra or "plain")
            venv.create(folder, symlinks=True)
            (site_packages,) = folder.glob("lib/python*/site-packages")
            for requirement in (f"anysocket[{extra}]" if extra else "anysocket", *others):
                link(Requirement(requirement), site_packages, set())
            made[extra, *others] = str(folder / "bin" / "python")
        return made[extra, *others]

    return installed


def link(requirement: Requirement, folder: Path, seen: set[str]) -> None:
    """Link a distribution of the running environment into another one, and all that it requires."""
    if str(requirement) in seen:
        return
    seen.add(str(requirement))
    found = distribution(requirement.name)
    for name in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(str(found.locate_file(name)))
    for needed in map(Requirement, found.requires or ()):
        extras = requirement.extras or {""}
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
            link(needed, folder, seen)


@pytest.mark.anyio
async def test_the_program_of_the_readme(server: str, install: Install, tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text(source(README))
    command = [install(server), *SCRIPT, "serve", "chat:app", "--server", server, "--port", "0"]
    with Serving.run(tmp_path / "log", *command, cwd=tmp_path) as serving:
        async with connect(f"{serving.url}/echo") as peer:
            await peer.send("hello")
            assert await peer.recv() == "hello"
        async with connect(f"{serving.url}/chat/lobby") as peer:
            await peer.send("hello")
            assert await peer.recv() == '{"user":"lobby","text":"hello"}'


def says(python: str, *arguments: str, cwd: Path = ROOT) -> str:
    """Run a command for which something is missing; give its one line."""
    ran = subprocess.run(
        [python, *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1), ran.stdout + ran.stderr
    return ran.stderr.removeprefix("anysocket: ").rstrip()


@pytest.mark.parametrize("script", [SCRIPT, MODULE], ids=["script", "module"])
def test_without_an_extra_every_command_says_what_installs_one(
    script: tuple[str, ...], install: Install
) -> None:
    commands = [name for name in cli.__all__ if name != "app"]
    for arguments in ([], ["--help"], *([name] for name in commands)):
        line = says(install(""), *script, *arguments)
        assert line == "typer isn't installed: pip install 'anysocket[uvicorn]'"


@pytest.mark.parametrize(
    ("extra", "arguments", "line"),
    [
        ("command", "serve examples.echo:app", "no server is installed: pip install 'anysocket[uvicorn]'"),
        (
            "uvicorn",
            "serve examples.echo:app --server granian",
            "granian isn't installed: pip install 'anysocket[granian]'",
        ),
        (
            "uvicorn",
            "serve examples.echo:app --loop uvloop",
            "loop uvloop isn't installed: pip install uvloop",
        ),
        ("matrix", "matrix", "no server is installed: pip install 'anysocket[all]'"),
        ("matrix", "matrix --server daphne", "daphne isn't installed: pip install 'anysocket[daphne]'"),
        ("matrix", "autobahn", "no server is installed: pip install 'anysocket[all]'"),
        (
            "matrix",
            "cost --whole",
            "uvicorn, hypercorn, uvloop aren't installed: pip install 'anysocket[all]'",
        ),
        (
            "matrix",
            "bench",
            "picows, psutil, uvloop aren't installed: pip install 'anysocket[bench]'",
        ),
        ("bench", "bench", "no server is installed: pip install 'anysocket[all]'"),
        *(
            (
                "daphne",
                command,
                "h11, h2, jinja2, pytest, trustme aren't installed: pip install 'anysocket[matrix]'",
            )
            for command in ("matrix", "matrix --list", "report .", "cost", "bench")
        ),
        (
            "daphne",
            "autobahn",
            "h11, h2, jinja2, pytest, trustme, kosoku aren't installed: pip install 'anysocket[matrix]'",
        ),
    ],
)
def test_what_is_missing_is_one_line_with_what_installs_it(
    extra: str, arguments: str, line: str, install: Install
) -> None:
    assert says(install(extra), *SCRIPT, *arguments.split()) == line


@pytest.mark.parametrize(
    ("row", "needs"),
    [("uvicorn-sansio", "websockets"), ("uvicorn-websockets", "websockets"), ("uvicorn-wsproto", "wsproto")],
)
def test_a_server_without_what_it_serves_with(row: str, needs: str, install: Install) -> None:
    arguments = ("serve", "examples.echo:app", "--server", row, "--port", "0")
    line = says(install("command", "uvicorn"), *SCRIPT, *arguments)
    assert line == f"{row} can't serve: No module named '{needs}': pip install 'anysocket[uvicorn]'"


def test_an_app_that_needs_msgspec(install: Install, tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text(source(README))
    line = says(install("", "typer", "daphne"), *SCRIPT, "serve", "chat:app", cwd=tmp_path)
    assert line == "chat needs msgspec: pip install 'anysocket[msgspec]'"
