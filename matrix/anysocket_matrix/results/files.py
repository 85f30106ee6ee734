"""The files that results are kept in: JSON with a line for each cell, so that a diff shows what changed."""

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

import msgspec

from anysocket_matrix.results.results import Results, RowResult, order

T = TypeVar("T")


def prepare(path: Path) -> None:
    """See that results can be written, before they are measured.

    Raises:
        ValueError: they can't; the message says why.
    """
    if is_folder(path):
        prepare_folder(path)
    else:
        prepare_file(path)
        prepare_folder(path.parent)  # where a new file takes the place of this one
        path.write_bytes(b"")  # not those of an earlier run, should this one break off


def prepare_file(path: Path) -> None:
    """See that a file can be written, and leave what is in it.

    Raises:
        ValueError: it can't; the message says why.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise _cannot_write(path, error) from error


def prepare_folder(path: Path) -> None:
    """See that files can be written into a folder.

    Raises:
        ValueError: they can't; the message says why.
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
    """Tell whether a path stands for one file for each row and version: it has no suffix."""
    return path.is_dir() or not path.suffix


def write(path: Path, results: Results) -> None:
    """Write all that was measured: to one file, or to a folder with a file for each row and version.

    Raises:
        ValueError: it can't be written; the message says why.
    """
    if is_folder(path):
        for row in results.rows:
            _replace(path / f"{row.row}-{row.version}.json", encode(Results([row])))
    else:
        _replace(path, encode(results))


def write_json(path: Path, value: object) -> None:
    """Write anything else.

    Raises:
        ValueError: it can't be written; the message says why.
    """
    write_bytes(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, in a folder that need not be there yet.

    Raises:
        ValueError: it can't be written; the message says why.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _replace(path: Path, data: bytes) -> None:
    """Write at once: another run may write the same file, or somebody read it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(data)
        new.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error


def encode(results: Results) -> bytes:
    """Give the JSON of results."""
    return b'{"rows":[\n' + b",\n".join(map(_lines, results.rows)) + b"\n]}\n"


def _lines(row: RowResult) -> bytes:
    head = msgspec.json.encode(msgspec.structs.replace(row, cells=[]))
    cells = b",\n".join(msgspec.json.encode(cell) for cell in row.cells)
    return head.removesuffix(b"[]}") + b"[\n" + cells + b"\n]}"


def read(paths: Iterable[Path]) -> Results:
    """Read results and put them together: of files, and of all files of folders.

    Raises:
        ValueError: there are none, or one can't be read; names it.
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
        kind: what its JSON stands for.
        what: how to call that.

    Raises:
        ValueError: it can't be read, or is something else; names it.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} has no {what}: {error}") from error
