"""A daphne whose internals have changed."""

import logging
from functools import partial

import pytest

from anysocket import Capabilities, Close, Support, Unsupported
from anysocket.asgi import ASGIEvent, Scope
from anysocket.capabilities import described
from anysocket.handshake import denial
from anysocket.session.session import Session
from anysocket_adapters.daphne.connection import PROTOCOL
from anysocket_adapters.daphne.header_lines import CHANNEL
from anysocket_adapters.daphne.transport import DaphneTransport
from anysocket_adapters.repairs.repair import warn_unrepaired

SCOPE: Scope = {"type": "websocket", "path": "/a", "headers": [(b"x-a", b"1")]}


@pytest.fixture
def sent() -> list[ASGIEvent]:
    return []


@pytest.fixture
def transport(sent: list[ASGIEvent], caplog: pytest.LogCaptureFixture) -> DaphneTransport:
    async def receive() -> ASGIEvent:
        return {"type": "websocket.connect"}

    async def handle_reply(protocol: object, event: ASGIEvent) -> None:
        sent.append(event)

    warn_unrepaired.cache_clear()
    with caplog.at_level(logging.WARNING):
        return DaphneTransport(SCOPE, receive, partial(handle_reply, object()))


def test_it_is_said(transport: DaphneTransport, caplog: pytest.LogCaptureFixture) -> None:
    said = [record.getMessage() for record in caplog.get_records("setup")]
    assert all(repairs.target in each for repairs, each in zip((PROTOCOL, CHANNEL), said, strict=True))


def repaired(capabilities: Capabilities) -> set[str]:
    return {name for name in described() if getattr(capabilities, name) is Support.REPAIRED}


def test_nothing_is_declared_repaired(transport: DaphneTransport) -> None:
    assert repaired(transport.capabilities) == set()
    assert repaired(DaphneTransport.declared) == PROTOCOL.everything() | CHANNEL.everything()


def test_the_scope_is_believed(transport: DaphneTransport) -> None:
    assert transport.path == transport.handshake.path == "/a"
    assert transport.headers == transport.handshake.headers == ((b"x-a", b"1"),)


@pytest.mark.anyio
async def test_the_specification_is_spoken(transport: DaphneTransport, sent: list[ASGIEvent]) -> None:
    await transport.accept("chat", [])
    await transport.send({"type": "websocket.send", "text": "a"})
    await transport.close(Close(4001, "reason"))
    assert [event["type"] for event in sent] == ["websocket.accept", "websocket.send", "websocket.close"]


@pytest.mark.anyio
async def test_what_it_cannot_deny_with(transport: DaphneTransport, sent: list[ASGIEvent]) -> None:
    session = Session(transport)
    with pytest.raises(Unsupported, match="only with 403"):
        await session.deny(denial(401))
    assert sent == []
    await session.deny(denial())
    assert [event["type"] for event in sent] == ["websocket.close"]
