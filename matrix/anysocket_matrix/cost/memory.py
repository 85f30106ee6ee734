"""The memory of an idle connection: the lines of anysocket that allocate it."""

import gc
import linecache
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import msgspec

from anysocket_matrix.cost.own_files import is_own

TRACED: Mapping[str, str] = {"PYTHONTRACEMALLOC": "1"}
"""The environment of a process whose memory is traced."""

_LEAST = 16
"""The minimum number of bytes per connection for a line of the table."""


class Held(msgspec.Struct, frozen=True):
    """The bytes that one line allocates for each idle connection."""

    size: int
    where: str
    """The module."""
    line: str


class _Line(msgspec.Struct, frozen=True):
    file: str
    number: int
    size: int


def allocated() -> str:
    """Return the bytes that each line of anysocket has allocated in this process and not freed."""
    gc.collect()
    snapshot = tracemalloc.take_snapshot()
    found = ((each.traceback[0], each.size) for each in snapshot.statistics("lineno"))
    lines = [
        _Line(frame.filename, frame.lineno, size)
        for frame, size in found
        if frame.filename != __file__ and is_own(frame.filename)
    ]
    return msgspec.json.encode(lines).decode()


def held(before: str, after: str, connections: int) -> list[Held]:
    """Give what came between two answers of `allocated`, for each connection, the largest first."""
    first, second = (
        {(each.file, each.number): each.size for each in msgspec.json.decode(answer, type=list[_Line])}
        for answer in (before, after)
    )
    sizes = {place: (size - first.get(place, 0)) // connections for place, size in second.items()}
    return [
        Held(size, Path(file).stem, linecache.getline(file, number).strip())
        for (file, number), size in sorted(sizes.items(), key=lambda item: item[1], reverse=True)
        if size >= _LEAST
    ]
