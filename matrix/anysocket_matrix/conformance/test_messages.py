"""M1, M2, M3: messages in both directions."""

import time
from typing import cast

import anyio

from anysocket import InvalidState, WebSocketRequest
from anysocket_matrix.case import Notes, case, handler
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.conformance.handlers import echo, until_the_end
from anysocket_matrix.peer.frames import Opcode, frame_bytes
from anysocket_matrix.peer.peer import Mismatch, Peer

LIMIT = 1000
LARGE_DEADLINE = 30.0
"""Seconds for an answer to 16 MiB, over TLS and HTTP/2 on a busy machine too."""

MIB = 1024 * 1024


@handler()
async def sends_everything(request: WebSocketRequest, notes: Notes) -> None:
    """Send each type that a message can have."""
    ws = request.web_socket
    await ws.accept()
    for data in ("text", b"bytes", bytearray(b"bytearray"), memoryview(b"a view")[2:]):
        await ws.send(data)


@handler()
async def sends_wrong_types(request: WebSocketRequest, notes: Notes) -> None:
    """Send values that aren't messages, then a message."""
    ws = request.web_socket
    await ws.accept()
    for wrong in (3, None, ["a"], {"text": "a"}):
        try:
            await ws.send(cast("str", wrong))
        except TypeError:
            notes.append("TypeError")
    await ws.send("still open")


@handler()
async def sends_a_surrogate(request: WebSocketRequest, notes: Notes) -> None:
    """Send a str with a lone surrogate, then a valid one."""
    ws = request.web_socket
    await ws.accept()
    try:
        await ws.send("\ud800")
    except UnicodeEncodeError:
        notes.append("UnicodeEncodeError")
    await ws.send("still open")


@handler()
async def sends_a_hundred(request: WebSocketRequest, notes: Notes) -> None:
    """Send numbered messages."""
    await request.web_socket.accept()
    for number in range(100):
        await request.web_socket.send(str(number))


@handler()
async def sends_from_many_tasks(request: WebSocketRequest, notes: Notes) -> None:
    """Send from twenty tasks at once."""
    ws = request.web_socket
    await ws.accept()

    async def send(letter: str) -> None:
        for _ in range(10):
            await ws.send(letter * 5000)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(send, chr(ord("a") + number))


@handler()
async def receives_twice(request: WebSocketRequest, notes: Notes) -> None:
    """Receive in two tasks."""
    ws = request.web_socket
    await ws.accept()

    async def first() -> None:
        notes.append(await ws.receive())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        for _ in range(2):  # trio may run this task first, once
            await anyio.lowlevel.checkpoint()
        try:
            await ws.receive()
        except InvalidState:
            notes.append("InvalidState")
        await ws.send("ready")


@handler()
async def cancels_a_receive(request: WebSocketRequest, notes: Notes) -> None:
    """Cancel a receive when a message is there but not delivered yet, then receive again."""
    ws = request.web_socket
    await ws.accept()

    async def wait() -> None:
        notes.append(await ws.receive())

    for _ in range(3):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.lowlevel.checkpoint()
            await ws.send("ready")
            time.sleep(0.1)  # noqa: ASYNC251  # the event loop stands still, the server's threads don't
            tasks.cancel_scope.cancel()
    while (message := await ws.receive()) is not None:
        notes.append(message)


@handler()
async def cancels_a_send(request: WebSocketRequest, notes: Notes) -> None:
    """Send to a peer that doesn't read until a send is cancelled, then close."""
    ws = request.web_socket
    await ws.accept()
    with anyio.move_on_after(0.5) as scope:
        for _ in range(128):  # more than the buffers hold
            await ws.send(b"x" * 500_000)
    notes.append(scope.cancelled_caught)
    await ws.send("")
    await ws.close(4000, "done")


@handler(max_message_size=LIMIT)
async def takes_little(request: WebSocketRequest, notes: Notes) -> None:
    """Note the length of every message within the limit."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        notes.append(len(message))


@case("M1")
def test_text(connect: Connect) -> None:
    """A text message is a str in both directions, with any characters."""
    peer = connect(echo)
    for text in ("a", "é€\U0001f600", "\0", "line\r\nline", "x" * 200):
        peer.send_text(text)
        peer.expect_text(text)


@case("M1")
def test_binary(connect: Connect) -> None:
    """A binary message is bytes in both directions."""
    peer = connect(echo)
    for data in (b"a", bytes(range(256)), b"\0"):
        peer.send_bytes(data)
        peer.expect_bytes(data)


@case("M1")
def test_types_received(connect: Connect) -> None:
    """The handler receives str for text and bytes for binary."""
    peer = connect(until_the_end)
    peer.send_text("a")
    peer.send_bytes(b"a")
    peer.send_close(1000)
    peer.expect_notes("a", b"a")


@case("M1", requires="empty_messages")
def test_empty_text(connect: Connect) -> None:
    """An empty text message arrives, in both directions."""
    peer = connect(echo)
    peer.send_text("")
    peer.expect_text("")


@case("M1", requires="empty_messages")
def test_empty_binary(connect: Connect) -> None:
    """An empty binary message arrives, in both directions."""
    peer = connect(echo)
    peer.send_bytes(b"")
    peer.expect_bytes(b"")


@case("M1")
def test_large_text(connect: Connect) -> None:
    """A text message of a megabyte arrives whole."""
    peer = connect(echo)
    peer.send_text("é" * 500_000)
    peer.expect_text("é" * 500_000)


@case("M1")
def test_large_binary(connect: Connect) -> None:
    """A binary message of a megabyte arrives whole."""
    peer = connect(echo)
    peer.send_bytes(b"\xff" * 1_000_000)
    peer.expect_bytes(b"\xff" * 1_000_000)


@case("M1")
def test_types_sent(connect: Connect) -> None:
    """Send takes str, bytes, bytearray and memoryview."""
    peer = connect(sends_everything)
    peer.expect_text("text")
    peer.expect_bytes(b"bytes")
    peer.expect_bytes(b"bytearray")
    peer.expect_bytes(b"view")


@case("M1")
def test_wrong_types(connect: Connect) -> None:
    """Sending any other type raises TypeError, sends nothing, and the connection stays open."""
    peer = connect(sends_wrong_types)
    peer.expect_text("still open")
    peer.expect_notes(*["TypeError"] * 4)


@case("M1", requires="lone_surrogates")
def test_lone_surrogate(connect: Connect) -> None:
    """Sending a str with a lone surrogate raises UnicodeEncodeError, and the connection stays open."""
    peer = connect(sends_a_surrogate)
    peer.expect_text("still open")
    peer.expect_notes("UnicodeEncodeError")


@case("M1")
def test_fragmented_text(connect: Connect) -> None:
    """A text message in fragments is one message, even when they split a character."""
    peer = connect(echo)
    raw = "é€".encode()
    peer.send_frame(Opcode.TEXT, raw[:1], fin=False)
    peer.send_frame(Opcode.CONTINUATION, raw[1:3], fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"", fin=False)
    peer.send_frame(Opcode.CONTINUATION, raw[3:])
    peer.expect_text("é€")


@case("M1")
def test_fragmented_binary_with_ping(connect: Connect) -> None:
    """A ping between fragments is answered at once, and the message stays whole."""
    peer = connect(echo)
    peer.send_frame(Opcode.BINARY, b"a", fin=False)
    peer.send_frame(Opcode.PING, b"in between")
    peer.expect_pong(b"in between")
    peer.send_frame(Opcode.CONTINUATION, b"b")
    peer.expect_bytes(b"ab")


@case("M1")
def test_ping(connect: Connect) -> None:
    """A ping is answered with its payload, and the handler doesn't see it."""
    peer = connect(echo)
    peer.send_frame(Opcode.PING, b"p" * 125)
    peer.expect_pong(b"p" * 125)
    peer.send_frame(Opcode.PONG, b"nobody asked")
    peer.send_text("a")
    peer.expect_text("a")


@case("M2")
def test_order_sent(connect: Connect) -> None:
    """Messages arrive in the order in which the handler sends them."""
    peer = connect(sends_a_hundred)
    for number in range(100):
        peer.expect_text(str(number))


@case("M2")
def test_order_received(connect: Connect) -> None:
    """The handler receives messages in the order in which the peer sent them."""
    peer = connect(until_the_end)
    for number in range(100):
        peer.send_text(str(number))
    peer.send_close(1000)
    peer.expect_notes(*map(str, range(100)))


@case("M2")
def test_concurrent_sends(connect: Connect) -> None:
    """Messages that several tasks send never mix."""
    peer = connect(sends_from_many_tasks)
    for _ in range(200):
        frame = peer.receive_frame()
        if len(frame.payload) != 5000 or len(set(frame.payload)) != 1:
            raise Mismatch("5000 times one letter", frame)


@case("M2")
def test_second_receive(connect: Connect) -> None:
    """A second receive at the same time raises InvalidState; the first one goes on."""
    peer = connect(receives_twice)
    peer.expect_text("ready")
    peer.send_text("for the first")
    peer.expect_notes("InvalidState", "for the first")


@case("M2", requires="cancelled_receive")
def test_cancelled_receive(connect: Connect) -> None:
    """A cancelled receive loses no message."""
    peer = connect(cancels_a_receive)
    for number in range(3):
        peer.expect_text("ready")
        peer.send_text(str(number))
    peer.send_close(1000)
    peer.expect_notes("0", "1", "2")


@case("M2", requires="cancelled_send")
def test_cancelled_send(connect: Connect) -> None:
    """Close works after a cancelled send, as soon as the peer reads again."""
    peer = connect(cancels_a_send)
    peer.wait_for_a_note()
    while (frame := peer.receive_frame("a close frame")).opcode is Opcode.BINARY:
        pass
    if frame.opcode is Opcode.TEXT:
        peer.expect_close_frame()
    else:
        raise Mismatch("the text sent after the cancelled send", frame)


@case("M3")
def test_at_the_limit(connect: Connect) -> None:
    """A message of exactly the size limit, in bytes, is received."""
    peer = connect(takes_little)
    peer.send_bytes(b"x" * LIMIT)
    peer.send_text("é" * (LIMIT // 2))
    peer.send_close(1000)
    peer.expect_notes(LIMIT, LIMIT // 2)


@case("M3")
def test_too_many_bytes(connect: Connect) -> None:
    """A binary message above the limit closes the connection, and the handler's code is 1009."""
    peer = connect(takes_little)
    peer.send_bytes(b"x" * (LIMIT + 1))
    peer.expect_close_frame()
    peer.expect_code(1009)


@case("M3")
def test_too_much_text(connect: Connect) -> None:
    """A text above the limit in bytes, though not in characters, gives the handler 1009."""
    peer = connect(takes_little)
    peer.send_text("é" * (LIMIT // 2 + 1))
    peer.expect_close_frame()
    peer.expect_code(1009)


@case("M3")
def test_too_much_in_fragments(connect: Connect) -> None:
    """Fragments that add up to more than the limit give the handler 1009."""
    peer = connect(takes_little)
    peer.send_frame(Opcode.BINARY, b"x" * LIMIT, fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"x")
    peer.expect_close_frame()
    peer.expect_code(1009)


@case("M3", requires=("close_code", "close_codes"))
def test_code_of_too_much(connect: Connect) -> None:
    """A peer that sends a message above the limit sees 1009."""
    peer = connect(takes_little)
    peer.send_bytes(b"x" * (LIMIT + 1))
    peer.expect_close(1009)


@case("M3", requires="oversized_frame_code")
def test_above_the_default(connect: Connect) -> None:
    """A peer that sends one frame above the default limit of 16 MiB sees 1009."""
    peer = connect(until_the_end)
    frame = frame_bytes(Opcode.BINARY, bytes(16 * MIB + 1))
    peer.send_raw(frame[:14])  # enough for its length; more could hide the answer
    if not peer.hears_something(within=0.3):
        peer.send_raw(frame[14:])
    peer.expect_close(1009, deadline=LARGE_DEADLINE)


@case("M3", requires="oversized_message_code")
def test_above_the_default_in_fragments(connect: Connect) -> None:
    """Fragments above the default limit of 16 MiB give the handler 1009."""
    peer = connect(until_the_end)
    send_too_many_fragments(peer)
    peer.hears_something(within=LARGE_DEADLINE)  # if the peer leaves before, the connection is lost instead
    peer.expect_code(1009)


@case("M3", requires=("close_code", "close_codes"))
def test_code_of_too_many_fragments(connect: Connect) -> None:
    """A peer that sends fragments above the default limit of 16 MiB sees 1009."""
    peer = connect(until_the_end)
    send_too_many_fragments(peer)
    peer.expect_close(1009, deadline=LARGE_DEADLINE)


def send_too_many_fragments(peer: Peer) -> None:
    """Send a message that is one byte longer than 16 MiB."""
    peer.send_frame(Opcode.BINARY, bytes(MIB), fin=False)
    for _ in range(15):
        peer.send_frame(Opcode.CONTINUATION, bytes(MIB), fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"x")
