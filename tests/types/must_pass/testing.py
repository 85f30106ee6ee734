"""A test with a peer in memory, and with a real server."""

from anysocket import Application
from anysocket.testing import Denied, Peer, connect, connect_and_leave
from anysocket_adapters import normalise
from anysocket_adapters.testing import AnysocketServer

app = Application()


async def in_memory() -> None:
    async with connect(app, "/chat?limit=3", headers=[("x-key", "1")], subprotocols=("v1",)) as peer:
        await peer.send("text")
        await peer.send(b"binary")
        await peer.close(4001, "bye")
        peer.abort()
        await gone(peer)
    async with connect(normalise(app), subprotocols=["v1"], client=None, state={"motto": 1}, unread=1):
        pass
    await connect_and_leave(app, "/chat", deadline=0.5)


async def gone(peer: Peer) -> tuple[int, str] | None:
    message: str | bytes | None = await peer.receive()
    if message is not None or peer.code is None or peer.reason is None:
        return None
    return peer.code, peer.reason


def status(denied: Denied) -> tuple[int, str | None, bytes]:
    return denied.status, denied.headers.get("location"), denied.body


def on_a_server(anysocket_server: AnysocketServer) -> str:
    return anysocket_server(app, root_path="/api", max_message_size=1000) + anysocket_server.name
