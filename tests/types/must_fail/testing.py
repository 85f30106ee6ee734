"""Mistakes in tests."""

from anysocket import Application, WebSocketRequest
from anysocket.testing import connect
from anysocket_adapters.testing import AnysocketServer

app = Application()


async def handler(request: WebSocketRequest) -> None: ...


async def in_memory() -> None:
    async with connect(app) as peer:
        await peer.send(3)  # error
        (await peer.receive()).upper()  # error
        peer.code.bit_length()  # error
        await peer.accept()  # error
    connect(app, subprotocols="v1")  # error
    connect(app, headers={"x-key": "1"})  # error
    connect(handler)  # error
    with connect(app):  # error
        pass


def on_a_server(anysocket_server: AnysocketServer) -> None:
    anysocket_server("chat:app")  # error
    anysocket_server(app).send("text")  # error
