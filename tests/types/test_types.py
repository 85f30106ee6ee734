"""Four type checkers report mistakes before the program runs, at the right lines.

Each line of `must_fail` that ends with `# error` must be reported by every checker, and no other
line. `# error: mypy, pyright` is for errors that only these checkers find. `must_fail_with_plugin`
is for `anysocket.mypy`; without that plugin none of its lines is reported.

The files are checked in a separate folder, as in a user's project: without this project's settings,
against the installed anysocket.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from runpy import run_path

import pytest

import anysocket

HERE = Path(__file__).parent
FILES = sorted(path.relative_to(HERE) for path in HERE.glob("must_*/*.py"))
WITH_PLUGIN = Path("must_fail_with_plugin/routes.py")

MYPY = ["mypy", "--strict", "--explicit-package-bases", "--hide-error-context", "."]

CHECKERS = {
    "mypy": MYPY,
    "plugin": [*MYPY, "--config-file", "plugin.ini"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
    "ty": ["ty", "check", "--python", sys.executable, "--output-format", "concise"],
    "pyrefly": [
        *("pyrefly", "check", "--python-interpreter-path", sys.executable, "--output-format", "min-text")
    ],
}

LINE = re.compile(
    r"^(?:ERROR )?\s*\S*?(must_\w+[/\\]\w+\.py):(\d+)(?::[\d-]+)?(?::| -) ?(?!note)(.*)", re.MULTILINE
)

MARK = re.compile(r"# error(?:: (.+))?$")


@dataclass
class Reported:
    """A checker's errors, by file and line."""

    checker: str
    lines: dict[Path, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))

    def must(self, file: Path) -> set[int]:
        """Return the lines that are marked for this checker."""
        marked: set[int] = set()
        for number, line in enumerate((HERE / file).read_text().splitlines(), 1):
            if (mark := MARK.search(line)) is not None:
                by = mark[1].split(", ") if mark[1] else CHECKERS
                # With its plugin mypy reports no less.
                if self.checker in by or (self.checker == "plugin" and "mypy" in by):
                    marked.add(number)
        return marked if file.parts[0] != "must_fail_with_plugin" or self.checker == "plugin" else set()


@pytest.fixture(scope="session", params=CHECKERS)
def reported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    return check(request.param, tmp_path_factory.mktemp(request.param))


def check(checker: str, folder: Path) -> Reported:
    """Run a checker over all files."""
    for name in {file.parts[0] for file in FILES}:
        shutil.copytree(HERE / name, folder / name)
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
    (folder / "plugin.ini").write_text("[mypy]\nplugins = anysocket.mypy\n")
    command = [sys.executable, "-m", *CHECKERS[checker]]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    reported = Reported(checker)
    for found in LINE.finditer(ran.stdout):
        reported.lines[Path(found[1])].setdefault(int(found[2]), found[3])
    assert ran.returncode == 1, f"{checker} itself failed:\n{ran.stdout}\n{ran.stderr}"
    assert reported.lines, f"{checker} reports nothing:\n{ran.stdout}\n{ran.stderr}"
    return reported


@pytest.mark.parametrize("file", FILES, ids=str)
def test_exactly_the_mistakes_are_reported(reported: Reported, file: Path) -> None:
    assert reported.lines[file].keys() == reported.must(file)


def test_only_must_fail_has_mistakes() -> None:
    for file in FILES:
        assert ("# error" in (HERE / file).read_text()) is (file.parts[0] != "must_pass"), file


def test_everything_public_is_used() -> None:
    used = {word for path in HERE.glob("must_pass/*.py") for word in re.findall(r"\w+", path.read_text())}
    assert set(anysocket.__all__) <= used


@pytest.mark.parametrize("file", [file for file in FILES if file.parts[0] == "must_pass"], ids=str)
def test_what_passes_is_registered_too(file: Path) -> None:
    run_path(str(HERE / file))


def test_the_plugin_says_what_registration_says(tmp_path: Path) -> None:
    said = check("plugin", tmp_path).lines[WITH_PLUGIN]
    namespace: dict[str, object] = {}
    for node in ast.parse((HERE / WITH_PLUGIN).read_text()).body:
        message = ""
        try:
            exec(compile(ast.Module([node], []), str(WITH_PLUGIN), "exec"), namespace)
        except (TypeError, ValueError) as error:
            message = str(error)
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        plugin = [said[line] for line in range(first, (node.end_lineno or first) + 1) if line in said]
        assert plugin == ([f"error: {message}  [anysocket-route]"] if message else []), node.lineno


IGNORED = """
from anysocket import Application

Application().websocket("chat"){comment}
"""


@pytest.mark.parametrize(
    ("comment", "setting", "status"),
    [
        ("", "", 1),
        ("  # type: ignore[anysocket-route]", "", 0),
        ("", "disable_error_code = anysocket-route", 0),
    ],
)
def test_the_plugin_can_be_ignored_by_name(tmp_path: Path, comment: str, setting: str, status: int) -> None:
    (tmp_path / "app.py").write_text(IGNORED.format(comment=comment))
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nplugins = anysocket.mypy\n{setting}\n")
    command = [sys.executable, "-m", "mypy", "--strict", "app.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == status, ran.stdout + ran.stderr
