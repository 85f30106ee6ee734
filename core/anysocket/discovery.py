"""Finds the adapter of the server that is running.

The core names no server. An adapter registers an entry point under the name of its server's
package. It is found by the package of the object whose method ASGI's `send` is; `send` may also be
a `functools.partial` of such a method. Without a match, as behind a middleware that wraps `send`,
the adapter is the plain ASGI specification.
"""

from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import entry_points
from typing import Protocol

from anysocket.asgi import Receive, Scope, Send
from anysocket.transport import Transport

GROUP = "anysocket.adapters"
PLAIN = "asgi"


class Connect(Protocol):
    """The callable that an adapter registers: it makes a transport from ASGI's three arguments."""

    def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> Transport: ...


def connect(scope: Scope, receive: Receive, send: Send) -> Transport:
    """Make the transport of the server that is running."""
    owner: object = getattr(send, "__self__", None)
    if owner is None:
        owner = getattr(getattr(send, "func", None), "__self__", None)  # of a functools.partial
    kind: type = type(owner)
    return adapter(kind)(scope, receive, send)


@cache
def adapter(kind: type) -> Connect:
    """Load the adapter for the package of a server's class or of its nearest base, or the plain adapter.

    Raises:
        LookupError: there is no plain adapter either: anysocket isn't installed as a distribution.
    """
    for name in (*(each.__module__.partition(".")[0] for each in kind.__mro__), PLAIN):
        for entry_point in entry_points(group=GROUP, name=name):
            loaded: Connect = entry_point.load()
            return loaded if _recorder is None else partial(_connect_recorded, loaded)
    raise LookupError(f"no adapter is registered under {GROUP!r}: install anysocket with pip")


_recorder: Callable[[Transport], Transport] | None = None


def record(recorder: Callable[[Transport], Transport] | None) -> None:
    """Wrap the transport of each connection from now on; with None, no more.

    Raises:
        RuntimeError: another recording is under way in this process.
    """
    global _recorder
    if recorder is not None and _recorder is not None:
        raise RuntimeError("another recording is under way in this process")
    _recorder = recorder
    adapter.cache_clear()  # here, so that a connection has no check


def recorded(transport: Transport) -> Transport:
    """Wrap a transport that `connect` hasn't made, if there is a recording."""
    return transport if _recorder is None else _recorder(transport)


def _connect_recorded(connect: Connect, scope: Scope, receive: Receive, send: Send) -> Transport:
    return recorded(connect(scope, receive, send))
