"""The cases of a row, by their numbers, in a pipe: each of its pytests takes the next one when it is free."""

import os
import struct

_NUMBER = struct.Struct("!H")


def fill(count: int) -> int:
    """Make a queue of so many numbers from 0 on, and give the descriptor to take them from."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as queue:
        queue.write(b"".join(_NUMBER.pack(number) for number in range(count)))
    return reader


def take(queue: int) -> int | None:
    """Take the next number, which nobody else gets; there is none of an empty queue."""
    taken = os.read(queue, _NUMBER.size)
    return _NUMBER.unpack(taken)[0] if taken else None
