"""A test of an adapter in memory."""

from typing import assert_type

from anysocket import (
    Application,
    Close,
    Headers,
    InvalidState,
    MultiDict,
    Query,
    Support,
    WebSocketError,
    WebSocketRequest,
)
from anysocket.adapter import Denial, Handshake
from anysocket.testing import Accepted, MemoryPeer, MemoryTransport


async def test_in_memory(app: Application) -> None:
    transport = MemoryTransport(Handshake(path="/chat", headers=[(b"x-name", b"ada")]))
    peer: MemoryPeer = transport.peer
    try:
        await app.handle(transport)
    except InvalidState as mistake:
        error: WebSocketError = mistake
        print(error)
    seen = await peer.receive()
    if isinstance(seen, Accepted):
        assert_type(seen.subprotocol, str | None)
    elif isinstance(seen, Denial):
        assert_type(seen.status, int)
    elif isinstance(seen, Close):
        assert_type(seen.code, int)
    else:
        assert_type(seen, str | bytes)
    await peer.send("hello")
    await peer.close(4001, "bye")
    if transport.capabilities.denial_status is Support.ABSENT:
        print("only 403")


def parameters(request: WebSocketRequest) -> dict[str, str]:
    assert_type(request.headers, Headers)
    assert_type(request.query, Query)
    assert_type(request.capabilities.accept_headers, Support)
    both: list[MultiDict] = [request.headers, request.query]
    return {name: value for each in both for name, value in each.pairs()}
