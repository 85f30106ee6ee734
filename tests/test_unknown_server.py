"""A server whose classes aren't known here: no repair, a warning, a true declaration, no crash."""

import logging
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points

import pytest

import anysocket_adapters
from anysocket import Capabilities, Support
from anysocket.asgi import ASGIEvent, Scope
from anysocket.capabilities import described
from anysocket.discovery import Connect
from anysocket_adapters import servers
from anysocket_adapters.repairs.repair import Repairs, warn_unrepaired

SCOPE: Scope = {"type": "websocket", "path": "/", "headers": []}


def packages() -> set[str]:
    """Give the packages of adapters that repair a server's classes."""
    modules = pkgutil.walk_packages(anysocket_adapters.__path__, "anysocket_adapters.")
    found = [import_module(each.name) for each in modules]
    return {
        module.__name__.rpartition(".")[0]
        for module in found
        if any(isinstance(each, Repairs) for each in vars(module).values())
    }


def adapters() -> Iterator[tuple[str, Connect]]:
    repairing = packages()
    for each in entry_points(group="anysocket.adapters"):
        if each.name in servers() and each.module.rpartition(".")[0] in repairing:
            yield each.name, each.load()


class Stranger:
    """A connection as the next release may make it."""

    def __init__(self) -> None:
        self.sent: list[ASGIEvent] = []

    async def receive(self) -> ASGIEvent:
        return {"type": "websocket.connect"}

    async def send(self, event: ASGIEvent) -> None:
        self.sent.append(event)


def absent(capabilities: Capabilities) -> set[str]:
    return {name for name in described() if getattr(capabilities, name) is Support.ABSENT}


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize(("name", "connect"), list(adapters()))
async def test_it_serves_and_warns_once(
    name: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    warn_unrepaired.cache_clear()
    with caplog.at_level(logging.WARNING, "anysocket"):
        for _ in range(2):
            server = Stranger()
            transport = connect(SCOPE, server.receive, server.send)
            await transport.accept(None, ())
            assert [event["type"] for event in server.sent] == ["websocket.accept"]
            assert absent(transport.capabilities) > absent(servers()[name].transport.declared)
    assert caplog.messages
    assert len(caplog.messages) == len({*caplog.messages})
