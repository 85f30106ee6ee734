"""A daphne whose internals have changed."""

import logging
from functools import partial

import pytest

from anysocket import Close, Unsupported
from anysocket.asgi import ASGIEvent, Scope
from anysocket.handshake import denial
from anysocket_adapters.daphne.transport import DaphneTransport
from anysocket_adapters.repairs import versions

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

    versions.unknown.cache_clear()
    with caplog.at_level(logging.WARNING):
        return DaphneTransport(SCOPE, receive, partial(handle_reply, object()))


def test_it_is_said(transport: DaphneTransport, caplog: pytest.LogCaptureFixture) -> None:
    (record,) = caplog.get_records("setup")
    assert "looks different inside: without all repairs" in record.getMessage()


def test_the_scope_is_believed(transport: DaphneTransport) -> None:
    assert transport.handshake.path == "/a"
    assert transport.handshake.headers == ((b"x-a", b"1"),)


@pytest.mark.anyio
async def test_the_specification_is_spoken(transport: DaphneTransport, sent: list[ASGIEvent]) -> None:
    with pytest.raises(Unsupported, match="drops the headers of accept"):
        await transport.accept(None, [(b"x-a", b"1")])
    assert sent == []
    await transport.accept("chat", [])
    await transport.send({"type": "websocket.send", "text": "a"})
    await transport.close(Close(4001, "reason"))
    assert [event["type"] for event in sent] == ["websocket.accept", "websocket.send", "websocket.close"]


@pytest.mark.anyio
async def test_what_it_cannot_deny_with(transport: DaphneTransport, sent: list[ASGIEvent]) -> None:
    with pytest.raises(Unsupported):
        await transport.deny(denial(401))
    assert sent == []
    await transport.deny(denial())
    assert [event["type"] for event in sent] == ["websocket.close"]
