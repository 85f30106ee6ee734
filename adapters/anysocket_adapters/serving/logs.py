"""The one place where text of a peer's enters the log of a server.

A path, a header, a reason or an exception's text may have line breaks and escape sequences. A log
line with them forges other lines, or colours the terminal. The filter here escapes them in each
record of a server's loggers, before any handler formats it.
"""

import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from traceback import TracebackException
from types import TracebackType
from typing import Final

LOGGERS: Final = (
    "anysocket",
    "anysocket_protocol",
    "asyncio",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.asgi",
    "uvicorn.error",
    "hypercorn.access",
    "hypercorn.error",
    "_granian",
    "granian.access",
    "daphne.access",
    "daphne.http_protocol",
    "daphne.server",
    "daphne.ws_protocol",
    "websockets",
    "websockets.protocol",
    "websockets.server",
)
"""The loggers of the servers. An application's own loggers are left as they are."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(_CONTROL.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))

_QUERY = re.compile(r"(?<=[?&])([^=&\s\"]*)=[^&\s\"]*")
"""A parameter in a query string."""

_NO_DESCRIPTORS: Final = "socket.accept() out of system resource"
"""asyncio's message for each of up to 2,048 attempts to accept, when a process is out of descriptors."""


def escape(text: str) -> str:
    """Escape control characters, line and paragraph separators, and bidirectional overrides, as Python."""
    return _CONTROL.sub(_escaped, text)


def _escaped(found: "re.Match[str]") -> str:
    return found[0].encode("unicode_escape").decode()


def redact(text: str) -> str:
    """Replace the values in query strings: tokens are often there."""
    return _QUERY.sub(r"\1=...", text)


class _Values(Mapping[str, object]):
    """The named values of a record, each escaped when it is asked for: hypercorn makes them only then."""

    def __init__(self, values: Mapping[str, object], escapes: "Escapes") -> None:
        self._values = values
        self._escapes = escapes

    def __getitem__(self, name: str) -> object:
        return self._escapes.clean(self._values[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Escapes(logging.Filter):
    """Escapes the text of a record, and keeps the values of query strings out."""

    def __init__(self) -> None:
        super().__init__()
        self.queries = False
        """Whether the values of query strings are logged."""
        self._said = -1.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record in place. False for more than one line a second about descriptors."""
        if isinstance(record.msg, str):
            if record.msg.startswith(_NO_DESCRIPTORS):
                return self._once_a_second(record)
            record.msg = escape(record.msg.rstrip("\n"))
        if isinstance(record.args, tuple):
            record.args = tuple(map(self.clean, record.args))
        elif record.args:
            record.args = _Values(record.args, self)
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            record.exc_text = formatted(record.exc_info[1], record.exc_info[2])
        return True

    def _once_a_second(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self._said < 1 and self._said >= 0:
            return False
        self._said = now
        record.msg, record.args = "out of file descriptors: accepting connections again in a second", ()
        record.exc_info = record.exc_text = None
        return True

    def clean(self, value: object) -> object:
        """Give a value of a record as it may be logged; numbers stay as they are."""
        if isinstance(value, int | float):
            return value
        text = value if isinstance(value, str) else str(value)
        cleaned = escape(text if self.queries else redact(text))
        return value if cleaned == text else cleaned


def formatted(error: BaseException, trace: TracebackType | None) -> str:
    """Format an exception so that its text, and that of its causes, has one line each."""
    whole = TracebackException(type(error), error, trace, compact=True)
    _flatten(whole)
    return _CONTROL_BUT_LINES.sub(_escaped, "".join(whole.format()).rstrip("\n"))


def _flatten(error: TracebackException) -> None:
    # The text has no public name; it has had this one since Python 3.5.
    setattr(error, "_str", escape(str(getattr(error, "_str", ""))))  # noqa: B010
    notes: list[object] = getattr(error, "__notes__", None) or []
    setattr(error, "__notes__", [escape(str(each)) for each in notes] or None)  # noqa: B010
    for each in (error.__cause__, error.__context__, *(error.exceptions or ())):
        if each is not None:
            _flatten(each)


_ESCAPES = Escapes()


def install(*, queries: bool = False) -> None:
    """Have the loggers of the servers escape what they log.

    Args:
        queries: whether the values of query strings are logged.
    """
    _ESCAPES.queries = queries
    for name in LOGGERS:
        logger = logging.getLogger(name)
        # Also the handlers: granian's Rust side logs to children of its logger.
        for each in (logger, *logger.handlers):
            each.addFilter(_ESCAPES)


class Lines:
    """A stream for a server that writes its access log without `logging`."""

    def write(self, text: str) -> None:
        """Write a line, escaped, to standard output at once: a file would otherwise keep it back."""
        line = str(_ESCAPES.clean(text.rstrip("\n")))
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except OSError:  # a full disk, or a closed pipe
            pass

    def flush(self) -> None:
        """Do nothing: each line is written at once."""
