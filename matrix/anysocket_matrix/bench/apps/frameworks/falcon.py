"""The app with Falcon."""

import gc
from contextlib import suppress

import msgspec
from falcon import WebSocketDisconnected
from falcon.asgi import App, Request, WebSocket

from anysocket.asgi import ASGIApp

_members: set[WebSocket] = set()


class _Echo:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        await ws.accept()
        with suppress(WebSocketDisconnected):
            while True:
                await ws.send_text(await ws.receive_text())


class _Push:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        await ws.accept()
        with suppress(WebSocketDisconnected):
            while True:
                for _ in range(int(await ws.receive_text())):
                    await ws.send_text("x" * 32)


class _Json:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        await ws.accept()
        with suppress(WebSocketDisconnected):
            while True:
                said = await ws.receive_media()
                await ws.send_media({"user": said["user"], "text": said["text"]})


class _Msgpack:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        await ws.accept()
        with suppress(WebSocketDisconnected):
            while True:
                said = msgspec.msgpack.decode(await ws.receive_data())
                await ws.send_data(msgspec.msgpack.encode({"user": said["user"], "text": said["text"]}))


class _Broadcast:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        await ws.accept()
        _members.add(ws)
        try:
            with suppress(WebSocketDisconnected):
                await ws.send_text("joined")
                while True:
                    text = await ws.receive_text()
                    for member in tuple(_members):
                        await member.send_text(text)
        finally:
            _members.remove(ws)


class _Connect:
    async def on_websocket(self, req: Request, ws: WebSocket, number: int) -> None:
        await ws.accept()
        await ws.close()


class _Collect:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        gc.collect()
        await ws.accept()
        await ws.close()


_app = App()
_app.add_route("/echo", _Echo())
_app.add_route("/push", _Push())
_app.add_route("/json", _Json())
_app.add_route("/msgpack", _Msgpack())
_app.add_route("/broadcast", _Broadcast())
_app.add_route("/connect/{number:int}", _Connect())
_app.add_route("/collect", _Collect())
app: ASGIApp = _app
