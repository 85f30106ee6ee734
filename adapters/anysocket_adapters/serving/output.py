"""The standard output and error of a process that serves."""

import io
import sys


def write_at_once() -> None:
    """Write each line at once, as `python -u` does.

    On a full disk or a closed pipe, buffered output would stay. Python then exits with status 120
    (https://docs.python.org/3/library/signal.html#note-on-sigpipe), and `multiprocessing`, as of 3.13,
    starts no process. A worker that ends at once would lose it.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            raw = io.FileIO(stream.fileno(), "w", closefd=False)
        except (AttributeError, OSError, ValueError):  # there is none, or it isn't of this process
            continue
        unbuffered = io.TextIOWrapper(raw, stream.encoding, stream.errors, write_through=True)
        setattr(sys, name, unbuffered)
