"""The choice of a connection's adapter."""

import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType

import pytest

from anysocket import discovery
from anysocket.asgi import ASGIEvent, Receive, Scope, Send
from anysocket_adapters import ASGITransport

SCOPE: Scope = {"type": "websocket", "path": "/", "headers": []}


class KnownTransport(ASGITransport): ...


class Server:
    """A server whose `send` is a method of its protocol object."""

    async def send(self, event: ASGIEvent) -> None: ...

    async def send_for(self, protocol: str, event: ASGIEvent) -> None: ...


class Known(Server):
    __module__ = "known_server.protocols.websockets"


class Prefixed(Server):
    __module__ = "known_server_fork.protocols"


class Unknown(Server):
    __module__ = "unknown_server"


async def receive() -> ASGIEvent:
    return {"type": "websocket.connect"}


async def send(event: ASGIEvent) -> None: ...


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """The registered adapters: the plain one, and one for the package `known_server`."""
    module = ModuleType("known_adapter")
    module.__dict__["KnownTransport"] = KnownTransport
    monkeypatch.setitem(sys.modules, module.__name__, module)
    registered = [
        EntryPoint("asgi", "anysocket_adapters.asgi:ASGITransport", discovery.GROUP),
        EntryPoint("known_server", "known_adapter:KnownTransport", discovery.GROUP),
    ]

    def entry_points(*, group: str, name: str) -> EntryPoints:
        return EntryPoints(registered).select(group=group, name=name)

    monkeypatch.setattr(discovery, "entry_points", entry_points)
    discovery.adapter.cache_clear()
    yield registered
    discovery.adapter.cache_clear()


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("send", "expected"),
    [
        (Known().send, KnownTransport),
        (Unknown().send, ASGITransport),
        (Prefixed().send, ASGITransport),
        (partial(Known().send_for, "protocol"), KnownTransport),
        (partial(send), ASGITransport),
        (send, ASGITransport),  # behind a middleware
    ],
)
def test_the_adapter_of_the_server_that_sends(send: Send, expected: type[ASGITransport]) -> None:
    transport = discovery.connect(SCOPE, receive, send)
    assert type(transport) is expected


@pytest.mark.usefixtures("registered")
def test_it_gets_what_the_server_passes() -> None:
    calls: list[tuple[Scope, Receive, Send]] = []

    class Recording(ASGITransport):
        def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
            calls.append((scope, receive, send))
            super().__init__(scope, receive, send)

    sys.modules["known_adapter"].__dict__["KnownTransport"] = Recording
    method = Known().send
    discovery.connect(SCOPE, receive, method)
    assert calls == [(SCOPE, receive, method)]


def test_looking_costs_once_for_each_server(registered: list[EntryPoint]) -> None:
    discovery.connect(SCOPE, receive, Known().send)
    registered.clear()
    assert type(discovery.connect(SCOPE, receive, Known().send)) is KnownTransport


def test_no_distribution(registered: list[EntryPoint]) -> None:
    registered.clear()
    with pytest.raises(LookupError, match="install anysocket with pip"):
        discovery.connect(SCOPE, receive, send)


def test_the_plain_one_is_registered() -> None:
    assert discovery.adapter(object) is ASGITransport
