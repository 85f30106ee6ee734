"""Count instructions with valgrind's callgrind, between marks that the counted process sets itself."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENT: Mapping[str, str] = {"PYTHONHASHSEED": "0"}
"""Environment variables that make a count repeatable."""

_TOTALS = re.compile(r"^(?:totals|summary): (\d+)$", re.MULTILINE)


def command(folder: Path) -> list[str]:
    """Return the command that runs another command under callgrind.

    Raises:
        ValueError: valgrind isn't installed.
    """
    if shutil.which("valgrind") is None:
        raise ValueError("valgrind isn't installed: apt-get install valgrind")
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/counts", "--dump-before=getppid"]


def mark() -> None:
    """End a count and begin the next one: callgrind, as `command` starts it, watches this function."""
    os.getppid()


def counts(folder: Path) -> list[int]:
    """Return the number of instructions up to each mark."""
    files = sorted(folder.glob("counts.*"), key=lambda file: int(file.suffix[1:]))
    return [int(_TOTALS.findall(file.read_text())[-1]) for file in files]
