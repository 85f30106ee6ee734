"""A server whose internals have changed: no repair, one warning, no crash."""

import logging
from collections.abc import Callable, Iterator

import pytest

from anysocket import Transport
from anysocket.asgi import ASGIEvent, Receive, Scope, Send
from anysocket_adapters.repairs import versions
from anysocket_adapters.uvicorn.transport import (
    UvicornSansIOTransport,
    UvicornWebSocketsTransport,
    UvicornWSProtoTransport,
)

pytestmark = pytest.mark.anyio

SCOPE: Scope = {"type": "websocket", "path": "/", "headers": []}


@pytest.fixture(autouse=True)
def _not_warned_yet() -> Iterator[None]:
    versions.unknown.cache_clear()
    yield
    versions.unknown.cache_clear()


class Stranger:
    """A possible future version of a connection class."""

    def __init__(self) -> None:
        self.sent: list[ASGIEvent] = []

    async def receive(self) -> ASGIEvent:
        return {"type": "websocket.connect"}

    async def send(self, event: ASGIEvent) -> None:
        self.sent.append(event)


@pytest.mark.parametrize(
    "connect", [UvicornSansIOTransport, UvicornWSProtoTransport, UvicornWebSocketsTransport]
)
async def test_it_serves_and_warns_once(
    connect: Callable[[Scope, Receive, Send], Transport], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "anysocket"):
        for _ in range(2):
            server = Stranger()
            await connect(SCOPE, server.receive, server.send).accept(None, ())
            assert [event["type"] for event in server.sent] == ["websocket.accept"]
    assert len(caplog.records) == 1
    assert "looks different inside" in caplog.text
