"""The files that results are kept in: JSON with a line for each cell, so that a diff shows what changed."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from anysocket_matrix.results import Results, RowResult, order


def prepare(path: Path) -> None:
    """See that results can be written, before they are measured.

    Raises:
        ValueError: they can't; the message says why.
    """
    try:
        if is_folder(path):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")  # not those of an earlier run, should this one break off
    except OSError as error:
        raise ValueError(f"can't write {path}: {error.strerror}") from error


def is_folder(path: Path) -> bool:
    """Tell whether a path stands for one file for each row and version: it has no suffix."""
    return path.is_dir() or not path.suffix


def write(path: Path, results: Results) -> None:
    """Write all that was measured: to one file, or to a folder with a file for each row and version."""
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
    except OSError as error:
        raise ValueError(f"can't write {path}: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    """Write at once: another run may write the same file, or somebody read it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(data)
    new.replace(path)


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
            try:
                rows.extend(msgspec.json.decode(file.read_bytes(), type=Results).rows)
            except OSError as error:
                raise ValueError(f"can't read {file}: {error.strerror}") from error
            except msgspec.DecodeError as error:
                raise ValueError(f"{file} has no results of anysocket matrix: {error}") from error
    if not rows:
        raise ValueError(f"there are no results in {', '.join(map(str, paths))}")
    return Results(sorted(rows, key=lambda row: order(row.row, row.version)))
