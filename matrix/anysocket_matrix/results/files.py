"""The files of results: JSON with one line for each cell, so that a diff shows the changes."""

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

import msgspec

from anysocket_matrix.results.results import Results, RowResult, order

T = TypeVar("T")


def prepare(path: Path) -> None:
    """Check that results can be written, before they are measured.

    Raises:
        ValueError: they can't be written; the message says why.
    """
    if is_folder(path):
        prepare_folder(path)
    else:
        prepare_file(path)
        prepare_folder(path.parent)  # a new file there takes the place of the old one
        path.write_bytes(b"")  # removes an earlier run's results, in case this run is interrupted


def prepare_file(path: Path) -> None:
    """Check that a file can be written, without changing its content.

    Raises:
        ValueError: it can't be written; the message says why.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise _cannot_write(path, error) from error


def prepare_folder(path: Path) -> None:
    """Check that files can be written into a folder.

    Raises:
        ValueError: they can't be written; the message says why.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> ValueError:
    on_the_way = isinstance(error, FileExistsError | NotADirectoryError)
    why = "a file is where a folder should be" if on_the_way else error.strerror
    return ValueError(f"can't write {path}: {why}")


def is_folder(path: Path) -> bool:
    """Return whether a path means a folder, with one file for each row and version: it has no suffix."""
    return path.is_dir() or not path.suffix


def write(path: Path, results: Results) -> None:
    """Write results to one file, or to a folder with one file for each row and version.

    Raises:
        ValueError: they can't be written; the message says why.
    """
    if is_folder(path):
        for row in results.rows:
            _replace(path / f"{row.row}-{row.version}.json", encode(Results([row])))
    else:
        _replace(path, encode(results))


def write_json(path: Path, value: object) -> None:
    """Write any other value as JSON.

    Raises:
        ValueError: it can't be written; the message says why.
    """
    write_bytes(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, and create its folder if necessary.

    Raises:
        ValueError: it can't be written; the message says why.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _replace(path: Path, data: bytes) -> None:
    """Replace a file in one step: another process may write or read it at the same time."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(data)
        new.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error


def encode(results: Results) -> bytes:
    """Encode results as JSON."""
    return b'{"rows":[\n' + b",\n".join(map(_lines, results.rows)) + b"\n]}\n"


def _lines(row: RowResult) -> bytes:
    head = msgspec.json.encode(msgspec.structs.replace(row, cells=[]))
    cells = b",\n".join(msgspec.json.encode(cell) for cell in row.cells)
    return head.removesuffix(b"[]}") + b"[\n" + cells + b"\n]}"


def read(paths: Iterable[Path]) -> Results:
    """Read results from files and from the files of folders, and merge them.

    Raises:
        ValueError: there are none, or a file can't be read; the message names it.
    """
    rows: list[RowResult] = []
    for path in paths:
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            rows.extend(read_json(file, Results, "results of anysocket matrix").rows)
    if not rows:
        raise ValueError(f"there are no results in {', '.join(map(str, paths))}")
    return Results(sorted(rows, key=lambda row: order(row.row, row.version)))


def read_json(path: Path, kind: type[T], what: str) -> T:
    """Read a file that one of the commands has written.

    Args:
        path: the file.
        kind: the type of its JSON.
        what: the name of its content, for the message.

    Raises:
        ValueError: it can't be read or has other content; the message names it.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} has no {what}: {error}") from error
