"""Mistakes are caught before running, at the line where they are, by four type checkers.

Each line of `must_fail` that ends with `# error` must be reported, and no other line of either folder.
The files are checked in a folder of their own, as in the project of someone who uses anysocket:
without this project's settings, against the anysocket that is installed.
"""

import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted(path.relative_to(HERE) for path in HERE.glob("must_*/*.py"))

CHECKERS = {
    "mypy": ["--strict", "--explicit-package-bases", "--hide-error-context", "must_pass", "must_fail"],
    "pyright": ["--pythonpath", sys.executable],
    "ty": ["check", "--python", sys.executable, "--output-format", "concise"],
    "pyrefly": ["check", "--python-interpreter-path", sys.executable, "--output-format", "min-text"],
}

LINE = re.compile(
    r"^(?:ERROR )?\s*\S*?(must_\w+[/\\]\w+\.py):(\d+)(?::[\d-]+)?(?::| -) ?(?!note)", re.MULTILINE
)


@pytest.fixture(scope="session", params=CHECKERS)
def reported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, set[int]]:
    """The lines that a checker reports, by file."""
    checker: str = request.param
    folder = tmp_path_factory.mktemp(checker)
    for name in ("must_pass", "must_fail"):
        shutil.copytree(HERE / name, folder / name)
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
    command = [sys.executable, "-m", checker, *CHECKERS[checker]]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines: dict[Path, set[int]] = defaultdict(set)
    for found in LINE.finditer(ran.stdout):
        lines[Path(found[1])].add(int(found[2]))
    assert ran.returncode == 1, f"{checker} itself failed:\n{ran.stdout}\n{ran.stderr}"
    assert lines, f"{checker} reports nothing:\n{ran.stdout}\n{ran.stderr}"
    return lines


@pytest.mark.parametrize("file", FILES, ids=str)
def test_exactly_the_mistakes_are_reported(reported: dict[Path, set[int]], file: Path) -> None:
    source = (HERE / file).read_text().splitlines()
    mistakes = {number for number, line in enumerate(source, 1) if line.endswith("# error")}
    assert reported[file] == mistakes


def test_only_must_fail_has_mistakes() -> None:
    for file in FILES:
        assert ("# error" in (HERE / file).read_text()) is (file.parts[0] == "must_fail"), file
