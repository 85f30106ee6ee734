"""N2: the events of messages."""

import time
from typing import cast

import anyio
import anyio.lowlevel

from anysocket_matrix.case import ASGICall, asgi_app, case
from anysocket_matrix.conformance.asgi.script import (
    CONNECT,
    GATE,
    LOOK,
    NOTHING,
    OPEN,
    RECEIVE,
    SENT,
    accept,
    binary,
    look,
    open_connection,
    script,
    send,
    text,
)
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.peer.frames import Opcode, frame_bytes
from anysocket_matrix.peer.peer import Mismatch

LIMIT = 1000
MANY = 200
MIB = 1024 * 1024

RECEIVE_ALL = (OPEN, *[RECEIVE] * MANY)


@asgi_app()
async def notes_types(asgi: ASGICall) -> None:
    """Note the types of a text and a binary message."""
    await open_connection(asgi)
    for key in ("text", "bytes"):
        event = await asgi.receive()
        asgi.notes.extend([type(event).__name__, type(event[key]).__name__])


@asgi_app()
async def stops_waiting(asgi: ASGICall) -> None:
    """Cancel a receive when a message is there but not delivered yet, then every millisecond."""
    await open_connection(asgi)

    async def receive() -> None:
        asgi.notes.append((await asgi.receive())["text"])

    for _ in range(3):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(receive)
            await anyio.lowlevel.checkpoint()
            await asgi.send(send(text="ready"))
            time.sleep(0.1)  # noqa: ASYNC251  # the event loop stands still, the server's threads don't
            tasks.cancel_scope.cancel()
    while len(asgi.notes) < MANY:
        with anyio.move_on_after(0.001):
            await receive()


@asgi_app()
async def receives_in_two_tasks(asgi: ASGICall) -> None:
    """Note every message that either of two tasks receives."""
    await open_connection(asgi)

    async def receive() -> None:
        while (event := await asgi.receive())["type"] == "websocket.receive":
            asgi.notes.append(event["text"])
        asgi.notes.append("the end")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        tasks.start_soon(receive)


@asgi_app()
async def waits_for_an_answer(asgi: ASGICall) -> None:
    """Wait for the first message in one task, and accept in another."""
    asgi.notes.append(await asgi.receive())

    async def receive() -> None:
        asgi.notes.append(await asgi.receive())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await anyio.sleep(0.05)
        await asgi.send(accept())


@asgi_app()
async def looks_first(asgi: ASGICall) -> None:
    """Look for an event twice, then accept."""
    asgi.notes.append(await asgi.receive())
    asgi.notes.extend([await look(asgi), await look(asgi)])
    await asgi.send(accept())
    asgi.notes.extend([await asgi.receive(), await asgi.receive()])


@asgi_app(close_timeout=0.1)
async def receives_three(asgi: ASGICall) -> None:
    """Wait for the gate, and note the sizes of three messages."""
    await open_connection(asgi)
    await asgi.notes.gate()
    for _ in range(3):
        event = await asgi.receive()
        asgi.notes.append(len(cast("bytes", event["bytes"])))


@asgi_app(max_message_size=LIMIT)
async def takes_little(asgi: ASGICall) -> None:
    """Note the lengths of the messages, and the code of the disconnect."""
    await open_connection(asgi)
    while (event := await asgi.receive())["type"] == "websocket.receive":
        asgi.notes.append(len(str(event["text"])))
    asgi.notes.append(event["code"])


@case("N2")
def test_connect(connect: Connect) -> None:
    """The first event is websocket.connect, with nothing but its type."""
    connect(script(RECEIVE, accept())).expect_notes(CONNECT, SENT)


@case("N2")
def test_one_connect(connect: Connect) -> None:
    """No event follows websocket.connect before the application answers."""
    peer = connect(looks_first)
    peer.send_text("a")
    peer.send_text("b")
    peer.expect_notes(CONNECT, NOTHING, NOTHING, text("a"), text("b"))


@case("N2")
def test_text(connect: Connect) -> None:
    """A text message's event has text and no other message key."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_text("é")
    peer.expect_notes(text("é"))


@case("N2")
def test_binary(connect: Connect) -> None:
    """A binary message's event has bytes and no other message key."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_bytes(b"\0\xff")
    peer.expect_notes(binary(b"\0\xff"))


@case("N2")
def test_empty_text(connect: Connect) -> None:
    """An empty text message is an empty str."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_text("")
    peer.expect_notes(text(""))


@case("N2")
def test_empty_binary(connect: Connect) -> None:
    """An empty binary message is empty bytes."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_bytes(b"")
    peer.expect_notes(binary(b""))


@case("N2")
def test_types(connect: Connect) -> None:
    """An event is a dict, text is a str, and bytes are bytes."""
    peer = connect(notes_types)
    peer.send_text("a")
    peer.send_bytes(b"a")
    peer.expect_notes("dict", "str", "dict", "bytes")


@case("N2")
def test_any_text(connect: Connect) -> None:
    """A text message may have any characters; each arrives unchanged."""
    for each in ("\0", "\r\n", "\ufeffa", "\U0001f642", "\u0301e", "\x7f\x80"):
        peer = connect(script(OPEN, RECEIVE))
        peer.send_text(each)
        peer.expect_notes(text(each))


@case("N2")
def test_long_text(connect: Connect) -> None:
    """A text message of a mebibyte arrives whole."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_text("é" * (MIB // 2))
    peer.expect_notes(text("é" * (MIB // 2)))


@case("N2")
def test_long_binary(connect: Connect) -> None:
    """A binary message of a mebibyte arrives whole."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_bytes(bytes(range(256)) * (MIB // 256))
    peer.expect_notes(binary(bytes(range(256)) * (MIB // 256)))


@case("N2")
def test_fragmented_text(connect: Connect) -> None:
    """A text message in fragments is one event, even when they split a character."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_frame(Opcode.TEXT, b"a\xe2", fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"", fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"\x82", fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"\xacb")
    peer.expect_notes(text("a€b"))


@case("N2")
def test_fragmented_binary(connect: Connect) -> None:
    """A binary message in fragments is one event."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_frame(Opcode.BINARY, b"", fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"\xff", fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"\xfe")
    peer.expect_notes(binary(b"\xff\xfe"))


@case("N2")
def test_fragments_byte_by_byte(connect: Connect) -> None:
    """A frame that arrives byte by byte is one event."""
    peer = connect(script(OPEN, RECEIVE))
    for byte in frame_bytes(Opcode.TEXT, "é".encode()):
        peer.send_raw(bytes([byte]))
    peer.expect_notes(text("é"))


@case("N2")
def test_control_frames_within_a_message(connect: Connect) -> None:
    """A ping between fragments is answered, a pong is dropped, and neither is an event."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_frame(Opcode.TEXT, b"a", fin=False)
    peer.send_frame(Opcode.PING, b"1")
    peer.send_frame(Opcode.PONG, b"2")
    peer.send_frame(Opcode.CONTINUATION, b"b")
    peer.expect_pong(b"1")
    peer.expect_notes(text("ab"))


@case("N2")
def test_order(connect: Connect) -> None:
    """Messages of both types come in the order in which the peer sent them."""
    peer = connect(script(*RECEIVE_ALL))
    for number in range(MANY // 2):
        peer.send_text(str(number))
        peer.send_bytes(b"%d" % number)
    peer.expect_notes(
        *(event for number in range(MANY // 2) for event in (text(f"{number}"), binary(b"%d" % number)))
    )


@case("N2")
def test_messages_wait(connect: Connect) -> None:
    """Messages that arrive while the application is busy wait for it, in order."""
    peer = connect(script(OPEN, GATE, *[RECEIVE] * MANY))
    for number in range(MANY):
        peer.send_text(str(number))
    peer.open_gate()
    peer.expect_notes(*(text(str(number)) for number in range(MANY)))


@case("N2", requires="early_message")
def test_message_behind_the_handshake(connect: Connect) -> None:
    """A message in the same packet as the handshake comes first."""
    peer = connect(script(OPEN, RECEIVE, RECEIVE), behind=frame_bytes(Opcode.TEXT, b"early"))
    peer.send_text("late")
    peer.expect_notes(text("early"), text("late"))


@case("N2", requires="message_before_accept")
def test_message_before_accept(connect: Connect) -> None:
    """A message that arrives before accept comes first, even if the application receives before accept."""
    peer = connect(script(RECEIVE, LOOK, GATE, accept(), RECEIVE, RECEIVE), answer=False)
    peer.wait_until_started()
    peer.send_text("early")
    peer.send_text("late")
    peer.open_gate()
    peer.wait_for_answer()
    peer.expect_notes(CONNECT, NOTHING, SENT, text("early"), text("late"))


@case("N2")
def test_receive_while_another_task_accepts(connect: Connect) -> None:
    """One task may wait for the first message while another accepts."""
    peer = connect(waits_for_an_answer)
    peer.send_text("first")
    peer.expect_notes(CONNECT, text("first"))


@case("N2")
def test_two_receivers(connect: Connect) -> None:
    """Two tasks may receive: each message goes to one of them, the disconnect to both."""
    peer = connect(receives_in_two_tasks)
    for number in range(MANY):
        peer.send_text(str(number))
    peer.send_close(1000)
    notes = peer.record().notes
    if sorted(map(str, notes)) != sorted([*map(str, range(MANY)), "the end", "the end"]):
        raise Mismatch(f"{MANY} messages and two ends", notes)


@case("N2", requires="cancelled_receive")
def test_cancelled_receives(connect: Connect) -> None:
    """A cancelled receive loses no message, however often it happens."""
    peer = connect(stops_waiting)
    for number in range(MANY):
        if number < 3:
            peer.expect_text("ready")
        peer.send_text(str(number))
    peer.expect_notes(*map(str, range(MANY)))


@case("N2")
def test_longest_message(connect: Connect) -> None:
    """A message of exactly the size limit is received."""
    peer = connect(takes_little)
    peer.send_text("x" * LIMIT)
    peer.send_text("é" * (LIMIT // 2))
    peer.send_close()
    notes = peer.record().notes
    if notes[:-1] != [LIMIT, LIMIT // 2]:
        raise Mismatch("both messages", notes)


@case("N2", requires="close_code")
def test_message_beyond_the_limit(connect: Connect) -> None:
    """A message above the limit closes the connection with 1009, for the peer and for the application."""
    peer = connect(takes_little)
    peer.send_text("é" * (LIMIT // 2 + 1))
    peer.expect_close(1009)
    peer.expect_notes(1009)


@case("N2", requires="pong_while_busy")
def test_ping_while_busy(connect: Connect) -> None:
    """A ping is answered while the application doesn't receive."""
    peer = connect(script(OPEN, GATE))
    peer.wait_until_started()
    for data in (b"", b"there?", b"x" * 125):
        peer.send_frame(Opcode.PING, data)
        peer.expect_pong(data)
    peer.open_gate()


@case("N2", requires="pong_behind_unread")
def test_ping_behind_unread_messages(connect: Connect) -> None:
    """A ping is answered while messages wait for the application, and the messages stay."""
    peer = connect(script(OPEN, GATE, RECEIVE, RECEIVE))
    peer.send_text("a")
    peer.send_bytes(b"b")
    peer.wait_until_started()
    peer.send_frame(Opcode.PING, b"there?")
    peer.expect_pong(b"there?")
    peer.open_gate()
    peer.expect_notes(text("a"), binary(b"b"))


@case("N2", requires="receive_pressure")
def test_peer_is_suspended(connect: Connect) -> None:
    """A peer can't send on while the application doesn't receive; later it receives all messages."""
    peer = connect(receives_three)
    sent = peer.send_until_full(65536, limit=32 * MIB)
    peer.open_gate()
    if sent >= 32 * MIB:
        raise Mismatch("a peer that is suspended", f"{sent} bytes were taken")
    notes = peer.record().notes
    if notes != [65536] * 3:
        raise Mismatch("the first three messages", notes)
