"""bareASGI's features: https://bareasgi.readthedocs.io (see feature.py)."""

import pytest

from anysocket import Application, WebSocketRequest
from tests.features.conftest import Connect
from tests.features.feature import feature

pytestmark = pytest.mark.anyio


@feature("BA4", "`receive()` gives `bytes` or `str`", api="`WebSocket.receive`")
@feature("BA6", "`send(str | bytes)` picks the frame type", api="`WebSocket.send`")
async def test_messages_are_str_or_bytes(connect: Connect) -> None:
    app = Application()

    @app.websocket("/")
    async def handler(request: WebSocketRequest) -> None:
        ws = request.web_socket
        await ws.accept()
        while (message := await ws.receive()) is not None:
            await ws.send(message)

    async with connect(app) as peer:
        for message in ("text", b"bytes", "", b""):
            await peer.send(message)
            assert await peer.receive() == message
