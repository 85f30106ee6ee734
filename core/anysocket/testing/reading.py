"""What an application reads of its peer, noted at the public members that give it.

anysocket reads the same members itself. The module of the code that reads tells which it is.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from inspect import currentframe, getattr_static
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias, cast
from unittest.mock import patch

from anysocket.connection import Connection
from anysocket.errors import ConnectionClosed
from anysocket.http.multidict import Headers
from anysocket.request import WebSocketRequest
from anysocket.session.session import Session

Note: TypeAlias = Callable[[str, str], None]
"""Takes a capability and the path of the connection that uses it."""

_BY_MEMBER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "raw_path": ("raw_path",),
        "url": ("raw_path", "peer_scheme"),
        "scheme": ("peer_scheme",),
        "client": ("peer_addresses", "integer_ports"),
        "server": ("peer_addresses", "integer_ports"),
        "headers": (),  # see `_needs_of`
        "wait_closed": ("end_while_sending",),
        "task_group": ("end_while_sending",),
    }
)
"""What the members of `WebSocketRequest` need when an application reads them."""

_ENDS: Final[tuple[tuple[type, str], ...]] = (
    (Session, "code"),
    (Connection, "code"),
    (WebSocketRequest, "reason"),
    (ConnectionClosed, "code"),
    (ConnectionClosed, "reason"),
)
"""The members that tell how a connection has ended."""


class PeerCode(int):
    """The code of an end that isn't the application's own, and what it needs to read it.

    The application never gets this object itself, but an int: some encoders refuse a subclass.
    """

    needs: Iterable[str]
    note: Callable[[str], None]


@contextmanager
def watching(note: Note) -> Generator[None, None, None]:
    """Note what applications read within the block, by replacing the members that they read."""
    members = [*_ENDS, *((WebSocketRequest, name) for name in _BY_MEMBER)]
    with ExitStack() as replaced:
        for kind, name in members:
            # An attribute of an exception isn't there before it is raised.
            replaced.enter_context(patch.object(kind, name, _watched(kind, name, note), create=True))
        yield


class _Member(Protocol):
    def __get__(self, instance: object, kind: type, /) -> object: ...


def _watched(kind: type, name: str, note: Note) -> property:
    """Make a property that gives what the present member gives, and notes that an application reads it."""
    member = cast("_Member | None", getattr_static(kind, name, None))

    def read(instance: object) -> object:
        value = vars(instance)[name] if member is None else member.__get__(instance, kind)
        if _is_read_by_anysocket():
            return value
        if isinstance(value, PeerCode):
            for capability in value.needs:
                value.note(capability)
            return int(value)
        if name == "reason":
            if isinstance(code := _code_of(instance), PeerCode):
                code.note("peer_close_reason")
        elif isinstance(instance, WebSocketRequest):
            for capability in _needs_of(value) if isinstance(value, Headers) else _BY_MEMBER[name]:
                note(capability, instance.path)
        return partial(_wait_closed, instance) if name == "wait_closed" else value

    def write(instance: object, value: object) -> None:
        vars(instance)[name] = value

    return property(read, write if member is None else None)


def _code_of(instance: object) -> object:
    if isinstance(instance, WebSocketRequest):
        return instance.web_socket.code
    return instance.code if isinstance(instance, ConnectionClosed) else None


async def _wait_closed(request: object) -> int:
    assert isinstance(request, WebSocketRequest)
    return int(await request.wait_closed())


def _is_read_by_anysocket() -> bool:
    """Tell whether the code that reads a member, two calls from here, is anysocket's own."""
    frame = currentframe()
    reader = frame and frame.f_back and frame.f_back.f_back
    return reader is not None and str(reader.f_globals.get("__name__")).partition(".")[0] == "anysocket"


def _needs_of(headers: Headers) -> Iterator[str]:
    names = [name for name, _ in headers.pairs()]
    if len(set(names)) < len(names):
        yield "header_duplicates"
    if any("_" in name for name in names):
        yield "header_underscores"
    if not all(value.isascii() for _, value in headers.pairs()):
        yield "latin1_headers"
