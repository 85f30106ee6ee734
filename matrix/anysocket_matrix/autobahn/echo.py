"""The two echoes on one server for Autobahn's cases: the server's own interface, and an anysocket handler."""

from contextlib import suppress
from typing import cast

from anysocket import Application, WebSocketRequest
from anysocket.adapter import Transport
from anysocket.asgi import Receive, Scope, Send
from anysocket_adapters.granian.rsgi import GONE, RSGITransport, RSGIWebSocket

BARE = "/bare"
OURS = "/ours"

_ours: Application = Application()


@_ours.websocket(OURS)
async def echo(request: WebSocketRequest) -> None:
    """Echo as in the README."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


class EchoApp:
    """Serves either echo, by the path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve over ASGI."""
        if scope["type"] == "websocket" and scope["path"] == BARE:
            await _bare(receive, send)
        else:
            await _ours(scope, receive, send)

    async def handle(self, transport: Transport) -> None:
        """Serve over a transport, for a server such as granian's RSGI that doesn't speak ASGI."""
        if isinstance(transport, RSGITransport) and transport.path == BARE:
            # Only this comparison needs the server's own objects below the adapter.
            await _bare_rsgi(transport._protocol)  # pyright: ignore[reportPrivateUsage]
        else:
            await _ours.handle(transport)


async def _bare(receive: Receive, send: Send) -> None:
    """Echo directly over ASGI."""
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        text = event.get("text")
        if text is not None:
            await send({"type": "websocket.send", "text": cast("str", text)})
        else:
            await send({"type": "websocket.send", "bytes": cast("bytes", event["bytes"])})


async def _bare_rsgi(protocol: RSGIWebSocket) -> None:
    """Echo directly over RSGI."""
    socket = await protocol.accept()
    with suppress(*GONE):
        while True:
            message = await socket.receive()
            if message.kind == 1:
                await socket.send_bytes(message.data)
            elif message.kind == 2:
                await socket.send_str(message.data)
            else:
                break


app: EchoApp = EchoApp()
