"""M4: neither side can fill the other's memory."""

import anyio

from anysocket import WebSocketRequest
from anysocket_matrix.conformance.case import Notes, case, handler
from anysocket_matrix.peer import Mismatch
from anysocket_matrix.plugin import Connect

MUCH = 64 * 1024 * 1024


@handler(close_timeout=0.2)
async def sends_much(request: WebSocketRequest, notes: Notes) -> None:
    """Send until it takes half a second, or far too much has gone."""
    ws = request.web_socket
    await ws.accept()
    sent = 0
    while sent < MUCH:
        with anyio.move_on_after(0.5) as scope:
            await ws.send(b"x" * 65536)
        if scope.cancelled_caught:
            break
        sent += 65536
    notes.append(sent < MUCH)


@handler()
async def receives_nothing(request: WebSocketRequest, notes: Notes) -> None:
    """Accept, and wait for the peer to give up."""
    await request.web_socket.accept()
    await notes.gate()


@case("M4")
def test_peer_that_does_not_read(connect: Connect) -> None:
    """A peer that doesn't read suspends send."""
    peer = connect(sends_much)
    if peer.record(silent=True).notes != [True]:
        raise Mismatch("a send that waits", f"{MUCH} bytes taken at once")


@case("M4")
def test_handler_that_does_not_receive(connect: Connect) -> None:
    """A handler that doesn't receive suspends the peer."""
    peer = connect(receives_nothing)
    sent = peer.send_until_full(65536, limit=MUCH)
    peer.open_gate()
    if sent >= MUCH:
        raise Mismatch(f"a peer that is suspended before {MUCH} bytes", f"{sent} bytes were taken")
