"""M4, L3: neither side can fill the other's memory, and a busy handler's connection stays alive."""

import resource
from contextlib import suppress
from pathlib import Path

import anyio

from anysocket import ConnectionClosed, WebSocket, WebSocketRequest
from anysocket_matrix.case import Notes, case, handler
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.conformance.handlers import echo
from anysocket_matrix.peer.frames import Opcode
from anysocket_matrix.peer.peer import Mismatch

MUCH = 32 * 1024 * 1024

BIG = 500_000
BIG_COUNT = 16
"""Number of big messages, 8 MB together, that is more than the buffers on the way to a peer hold."""

LITTLE = 24
"""MiB that one connection may cost a server: a few messages, and what Python and the kernel round up."""


def resident() -> float:
    """Measure the memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


@handler(close_timeout=0.2)
async def sends_much(request: WebSocketRequest, notes: Notes) -> None:
    """Send until a send waits for half a second, or until far too much has been sent."""
    ws = request.web_socket
    await ws.accept()
    sent, before = 0, resident()
    while sent < MUCH:
        with anyio.move_on_after(0.5) as scope:
            await ws.send(b"x" * 65536)
        if scope.cancelled_caught:
            break
        sent += 65536
    notes += [sent < MUCH, resident() - before]


class Progress:
    """Counts sends, and notices when they have come to a stop."""

    def __init__(self) -> None:
        self._count = 0

    async def send(self, ws: WebSocket, data: bytes) -> None:
        """Send, and count it."""
        await ws.send(data)
        self._count += 1

    async def until_none(self) -> None:
        """Wait until no send has ended for a fifth of a second."""
        before = -1
        while before != self._count:
            before = self._count
            await anyio.sleep(0.2)


@handler()
async def sends_from_two_tasks(request: WebSocketRequest, notes: Notes) -> None:
    """Send more than the buffers hold from each of two tasks, and note when no send returns any more."""
    ws = request.web_socket
    await ws.accept()
    progress = Progress()

    async def send(letter: bytes) -> None:
        for _ in range(BIG_COUNT):
            await progress.send(ws, letter * BIG)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send, b"a")
        tasks.start_soon(send, b"b")
        await progress.until_none()
        notes.append("nothing goes")


@handler(close_timeout=0.5)
async def closes_while_sending(request: WebSocketRequest, notes: Notes) -> None:
    """Close while the send of another task waits for the peer, then cancel that send."""
    ws = request.web_socket
    await ws.accept()
    progress = Progress()

    async def send() -> None:
        with suppress(ConnectionClosed):
            for _ in range(2 * BIG_COUNT):
                await progress.send(ws, bytes(BIG))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        await progress.until_none()
        await ws.close(4001)
        notes.append("closed")
        tasks.cancel_scope.cancel()


@handler(close_timeout=0.2)
async def receives_nothing(request: WebSocketRequest, notes: Notes) -> None:
    """Accept, and wait until the peer gives up."""
    await request.web_socket.accept()
    before = resident()
    await notes.gate()
    notes.append(resident() - before)


@handler()
async def receives_late(request: WebSocketRequest, notes: Notes) -> None:
    """Accept, be busy for a while, and then note every message."""
    ws = request.web_socket
    await ws.accept()
    await notes.gate()
    while (message := await ws.receive()) is not None:
        notes.append(message)


@handler(close_timeout=0.2)
async def sends_impatiently(request: WebSocketRequest, notes: Notes) -> None:
    """Send until a send waits, then send for two seconds with short timeouts, and note the refusal.

    It ends by itself: a server that takes everything for a peer that has left never refuses.
    """
    ws = request.web_socket
    await ws.accept()
    try:
        for _ in range(2 * BIG_COUNT):
            with anyio.move_on_after(0.1) as scope:
                await ws.send(bytes(BIG))
            if scope.cancelled_caught:
                break
        notes.append("full")
        for _ in range(20):
            with anyio.move_on_after(0.1):
                await ws.send(bytes(BIG))
                await anyio.sleep_forever()  # lets other tasks run, where a send doesn't wait
    except ConnectionClosed as closed:
        notes.append(closed.code)


@handler()
async def sends_first(request: WebSocketRequest, notes: Notes) -> None:
    """Send more than the buffers hold, then count the messages that arrived meanwhile."""
    ws = request.web_socket
    await ws.accept()
    await notes.gate()
    for _ in range(32):
        await ws.send(b"x" * 65536)
    count = 0
    while await ws.receive() is not None:
        count += 1
    notes.append(count)


@handler()
async def returns_at_the_gate(request: WebSocketRequest, notes: Notes) -> None:
    """Return when the gate opens, without having received anything."""
    await request.web_socket.accept()
    await notes.gate()


@case("M4", requires="send_pressure")
def test_peer_that_does_not_read(connect: Connect) -> None:
    """A send waits while the peer doesn't read."""
    peer = connect(sends_much)
    waits, cost = peer.record(silent=True).notes
    if not waits:
        raise Mismatch("a send that waits", f"{MUCH} bytes taken at once")
    expect_little(cost)


@case("M4", requires="suspended_sends")
def test_two_suspended_sends(connect: Connect) -> None:
    """Sends of several tasks that wait for the peer go on when it reads, and no message is lost or mixed."""
    peer = connect(sends_from_two_tasks)
    peer.wait_for_a_note()
    seen = [peer.receive_frame().payload for _ in range(2 * BIG_COUNT)]
    if sorted(seen) != [b"a" * BIG] * BIG_COUNT + [b"b" * BIG] * BIG_COUNT:
        raise Mismatch(f"{BIG_COUNT} messages of each task", f"{len(set(seen))} kinds of messages")
    peer.expect_close_frame()
    peer.expect_notes("nothing goes")


@case("M4", requires="suspended_sends")
def test_close_behind_a_suspended_send(connect: Connect) -> None:
    """Close returns within its timeout while the send of another task waits for the peer."""
    peer = connect(closes_while_sending)
    if peer.record(silent=True).notes != ["closed"]:
        raise Mismatch("closed", peer.record().notes)


@case("M4", requires="receive_pressure")
def test_handler_that_does_not_receive(connect: Connect) -> None:
    """A peer can't send on while the handler doesn't receive."""
    peer = connect(receives_nothing)
    sent = peer.send_until_full(65536, limit=MUCH)
    peer.open_gate()
    if sent >= MUCH:
        raise Mismatch(f"a peer that is suspended before {MUCH} bytes", f"{sent} bytes were taken")
    (cost,) = peer.record(silent=True).notes
    expect_little(cost)


def expect_little(cost: object) -> None:
    """Expect that one connection has cost the server little memory."""
    if not isinstance(cost, float) or cost > LITTLE:
        raise Mismatch(f"at most {LITTLE} MiB more", f"{cost} MiB")


@case("L3", requires="pong_while_busy")
def test_ping_while_busy(connect: Connect) -> None:
    """A ping is answered while the handler doesn't receive."""
    peer = connect(receives_nothing)
    peer.wait_until_started()
    peer.send_frame(Opcode.PING, b"there?")
    peer.expect_pong(b"there?")


@case("L3", requires="pong_behind_unread")
def test_ping_behind_unread_messages(connect: Connect) -> None:
    """A ping is answered while messages wait for the handler."""
    peer = connect(receives_nothing)
    peer.send_text("unread")
    peer.wait_until_started()  # by now the server has read the message
    peer.send_frame(Opcode.PING, b"there?")
    peer.expect_pong(b"there?")


@case("M2")
def test_messages_wait_for_the_handler(connect: Connect) -> None:
    """Messages that arrive while the handler is busy wait for it, in order."""
    peer = connect(receives_late)
    numbers = [str(number) for number in range(200)]
    for number in numbers:
        peer.send_text(number)
    peer.open_gate()
    peer.send_close(1000)
    peer.expect_notes(*numbers)


@case("M4")
def test_both_directions(connect: Connect) -> None:
    """Messages that wait in one direction don't stop the other direction."""
    peer = connect(sends_first)
    for number in range(100):
        peer.send_text(str(number))
    peer.open_gate()
    for _ in range(32):
        peer.expect_bytes(b"x" * 65536)
    peer.send_close(1000)
    peer.expect_notes(100)


@case("M4", requires="shared_connection")
def test_beside_a_handler_that_does_not_receive(connect: Connect) -> None:
    """A handler that doesn't receive holds up no other connection on its TCP connection."""
    peer = connect(receives_nothing)
    for number in range(100):
        peer.send_text(str(number))
    other = connect(echo, beside=peer)
    other.send_text("a")
    other.expect_text("a")


@case("M4")
def test_beside_messages_that_nobody_receives(connect: Connect) -> None:
    """Messages to a handler that has ended hold up no other connection on its TCP connection."""
    peer = connect(returns_at_the_gate)
    for number in range(100):
        peer.send_text(str(number))
    peer.open_gate()
    peer.expect_close_frame()
    other = connect(echo, beside=peer)
    other.send_text("a")
    other.expect_text("a")


@case("C6", requires="end_while_suspended")
def test_end_of_a_peer_that_does_not_read(connect: Connect) -> None:
    """A handler whose sends wait learns that the peer has closed, even if the peer doesn't read."""
    peer = connect(sends_impatiently)
    peer.wait_for_a_note()
    peer.send_close(4999)
    notes = peer.record(silent=True).notes
    if len(notes) != 2:
        raise Mismatch("ConnectionClosed", notes)


@case("C6", requires=("end_while_suspended", "peer_close_code"))
def test_close_of_a_peer_that_does_not_read(connect: Connect) -> None:
    """A handler whose sends wait learns with which code the peer has closed."""
    peer = connect(sends_impatiently)
    peer.wait_for_a_note()
    peer.send_close(4999)
    notes = peer.record(silent=True).notes
    if notes != ["full", 4999]:
        raise Mismatch("ConnectionClosed with 4999", notes)
