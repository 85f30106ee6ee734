"""A queue of a row's cases: numbers in a pipe, from which each pytest of the row takes the next one."""

import os
import struct

_NUMBER = struct.Struct("!H")


def fill(count: int) -> int:
    """Make a queue of this many numbers, from 0 on, and return its descriptor for reading."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as queue:
        queue.write(b"".join(_NUMBER.pack(number) for number in range(count)))
    return reader


def take(queue: int) -> int | None:
    """Take the next number, which no other process gets, or None from an empty queue."""
    taken = os.read(queue, _NUMBER.size)
    return _NUMBER.unpack(taken)[0] if taken else None
