"""Servers that aren't ASGI's, counted beside: their echo and push, and the floor under all of them.

A connection to `/connect` is accepted and closed. As a program, it serves one of them for the benchmark.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Final, cast

from anysocket_adapters import loops
from anysocket_adapters.options import Loop

if TYPE_CHECKING:
    from aiohttp.web import Request, WebSocketResponse
    from picows import WSFrame, WSTransport
    from picows.websockets import ServerConnection as PicowsConnection
    from websockets.asyncio.server import ServerConnection

TEXT: Final = "x" * 32

_FRAME = b"\x81\x20" + TEXT.encode()
_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


class Floor(asyncio.Protocol):
    """Answers each read with the same frame, and looks at its first byte alone."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a request with the response to the same key every time, and a message with a message."""
        if data[0] == 0x81:
            self._transport.write(_FRAME)
        elif data[0] == 0x88:
            self._transport.close()
        else:
            self._transport.write(_SWITCHING)


async def _floor(listener: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(Floor, sock=listener)
    await server.serve_forever()


async def _picows(listener: socket.socket) -> None:
    import picows

    class Listener(picows.WSListener):
        """Echoes, or sends as many messages as each message asks for."""

        def __init__(self, *, pushes: bool, closes: bool) -> None:
            self._pushes = pushes
            self._closes = closes

        def on_ws_connected(self, transport: "WSTransport") -> None:
            if self._closes:
                transport.send_close(picows.WSCloseCode.OK)

        def on_ws_frame(self, transport: "WSTransport", frame: "WSFrame") -> None:
            if frame.msg_type == picows.WSMsgType.CLOSE:
                if not self._closes:
                    transport.send_close(frame.get_close_code(), frame.get_close_message())
                transport.disconnect()
            elif self._pushes:
                for _ in range(int(frame.get_payload_as_utf8_text())):
                    transport.send(picows.WSMsgType.TEXT, TEXT.encode())
            else:
                transport.send(frame.msg_type, frame.get_payload_as_utf8_text().encode())

    def listens(request: picows.WSUpgradeRequest) -> Listener:
        path = request.path
        return Listener(pushes=path.startswith(b"/push"), closes=path.startswith(b"/connect"))

    create = picows.ws_create_server  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # half typed
    server = await create(listens, sock=listener)
    await server.serve_forever()


async def _answer(
    path: str, messages: AsyncIterable[str | bytes], send: Callable[[str | bytes], Awaitable[None]]
) -> None:
    """Echo, or send as many messages as each message asks for; nothing on `/connect`."""
    if path.startswith("/connect"):
        return
    async for message in messages:
        if path.startswith("/push"):
            for _ in range(int(message)):
                await send(TEXT)
        else:
            await send(message)


async def _picows_coroutines(listener: socket.socket) -> None:
    from picows.websockets import serve

    async def handle(ws: "PicowsConnection") -> None:
        assert ws.request is not None
        await _answer(ws.request.path, ws, ws.send)

    async with serve(handle, sock=listener, compression=None, ping_interval=None) as server:
        await server.serve_forever()


async def _websockets(listener: socket.socket) -> None:
    from websockets.asyncio.server import serve

    async def handle(ws: "ServerConnection") -> None:
        assert ws.request is not None
        await _answer(ws.request.path, ws, ws.send)

    async with serve(handle, sock=listener, ping_interval=None) as server:
        await server.serve_forever()


async def _aiohttp(listener: socket.socket) -> None:
    from aiohttp import web

    async def handle(request: "Request") -> "WebSocketResponse":
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        if request.path.startswith("/connect"):
            await ws.close()
        pushes = request.path.startswith("/push")
        async for message in ws:
            if pushes:
                for _ in range(int(cast("str", message.data))):
                    await ws.send_str(TEXT)
            else:
                await ws.send_str(cast("str", message.data))
        return ws

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await asyncio.Event().wait()


BESIDE: Mapping[str, Callable[[socket.socket], Coroutine[None, None, None]]] = {
    "websockets": _websockets,
    "aiohttp": _aiohttp,
    "picows-coroutines": _picows_coroutines,
    "picows": _picows,
    "floor": _floor,
}

SAYS: Mapping[str, str] = {
    "websockets": "websockets' server",
    "aiohttp": "aiohttp's server",
    "picows-coroutines": "picows, its coroutines",
    "picows": "picows, its callbacks",
    "floor": "a protocol that parses nothing",
}


def main(name: str, port: int, loop: Loop) -> None:
    """Serve one of them."""
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    loops.run(loop, lambda: BESIDE[name](listener))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), cast("Loop", sys.argv[3]))  # as anysocket bench starts it
