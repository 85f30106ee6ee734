"""N4: the messages that an application sends."""

from enum import StrEnum

import anyio

from anysocket_matrix.case import ASGICall, asgi_app, case
from anysocket_matrix.conformance.asgi.script import (
    CHUNK,
    OPEN,
    RECEIVE,
    REST,
    SENT,
    TOO_MANY,
    Event,
    Flood,
    attempt,
    close,
    disconnect,
    open_connection,
    script,
    send,
)
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.peer.frames import Opcode
from anysocket_matrix.peer.peer import Mismatch

MIB = 1024 * 1024


LENGTHS = (1, 125, 126, 65535, 65536, MIB)


class Name(StrEnum):
    """A subclass of str."""

    A = "a name"


class Data(bytes):
    """A subclass of bytes."""


@asgi_app()
async def sends_every_type(asgi: ASGICall) -> None:
    """Send a message of every type."""
    await open_connection(asgi)
    for payload in ({"text": Name.A}, {"bytes": Data(b"data")}):
        asgi.notes.append(await attempt(asgi.send(send(**payload))))
    for data in (bytearray(b"array"), memoryview(b"a view")[2:], memoryview(b"a-b-c")[::2]):
        asgi.notes.append(await attempt(asgi.send(send(bytes=data))))


@asgi_app()
async def sends_wrong_types(asgi: ASGICall) -> None:
    """Send values that aren't messages, then a message."""
    await open_connection(asgi)
    for payload in (b"a", 3, ["a"], {"a": "b"}, 1.5, True, object(), bytearray(b"a")):
        asgi.notes.append(await attempt(asgi.send(send(text=payload))))
    for payload in ("a", 3, ["a"], {"a": "b"}, 1.5, True, object(), [1, 2]):
        asgi.notes.append(await attempt(asgi.send(send(bytes=payload))))
    await asgi.send(send(text="open"))


@asgi_app()
async def sends_a_surrogate(asgi: ASGICall) -> None:
    """Send a str with a lone surrogate, then a valid one."""
    await open_connection(asgi)
    asgi.notes.append(await attempt(asgi.send(send(text="a\ud800"))))
    await asgi.send(send(text="open"))


@asgi_app()
async def sends_in_two_tasks(asgi: ASGICall) -> None:
    """Send from two tasks at once."""
    await open_connection(asgi)

    async def many(payload: bytes) -> None:
        for number in range(100):
            await asgi.send(send(bytes=payload * (number + 1) * 100))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(many, b"a")
        tasks.start_soon(many, b"b")


async def fill(asgi: ASGICall) -> bool:
    """Send until a send waits for a fifth of a second; return False if the buffers take everything."""
    for _ in range(TOO_MANY):
        with anyio.move_on_after(0.2) as scope:
            await asgi.send(send(bytes=bytes(CHUNK)))
        if scope.cancelled_caught:
            return True
    return False


@asgi_app(close_timeout=0.2)
async def sends_much(asgi: ASGICall) -> None:
    """Note whether a send waits."""
    await open_connection(asgi)
    asgi.notes.append("suspended" if await fill(asgi) else "all taken")


@asgi_app()
async def sends_until_it_fails(asgi: ASGICall) -> None:
    """Note that a send waits, and the exception that it raises in the end."""
    await open_connection(asgi)
    flood = Flood(asgi)

    async def send_on() -> None:
        asgi.notes.append(await flood.send())

    with anyio.move_on_after(2.5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send_on)
            await flood.until_none()
            asgi.notes.append("suspended")


@asgi_app()
async def sends_a_lot(asgi: ASGICall) -> None:
    """Send more than the buffers hold."""
    await open_connection(asgi)
    for number in range(16):
        await asgi.send(send(bytes=bytes([number]) * MIB))


@asgi_app()
async def sends_every_length(asgi: ASGICall) -> None:
    """Send messages with each encoding of the length."""
    await open_connection(asgi)
    for size in LENGTHS:
        await asgi.send(send(bytes=b"x" * size))


@asgi_app()
async def sends_before_receiving(asgi: ASGICall) -> None:
    """Send more than the buffers hold, and then note a hundred messages."""
    await sends_a_lot.run(asgi)
    for _ in range(100):
        asgi.notes.append((await asgi.receive())["text"])


@asgi_app()
async def closes_after_a_cancelled_send(asgi: ASGICall) -> None:
    """Cancel a send that waits, then close."""
    await open_connection(asgi)
    asgi.notes.append("suspended" if await fill(asgi) else "all taken")
    with anyio.fail_after(15):
        await asgi.send(close(code=4001))


@asgi_app()
async def only_sends(asgi: ASGICall) -> None:
    """When the gate opens, send up to a hundred times, until a send fails; then send once more."""
    await open_connection(asgi)
    await asgi.notes.gate()
    result = SENT
    for _ in range(100):
        if result == SENT:
            result = await attempt(asgi.send(send(text="tick")))
            await anyio.sleep(0.01)
    asgi.notes.extend([result, await attempt(asgi.send(send(text="more")))])


@case("N4")
def test_text(connect: Connect) -> None:
    """A send with text is a text message."""
    peer = connect(script(OPEN, send(text="é€\U0001f642\0"), send(text="b", bytes=None)))
    peer.expect_text("é€\U0001f642\0")
    peer.expect_text("b")
    peer.expect_notes(SENT, SENT)


@case("N4")
def test_bytes(connect: Connect) -> None:
    """A send with bytes is a binary message."""
    peer = connect(script(OPEN, send(bytes=b"\0\xff"), send(bytes=b"b", text=None)))
    peer.expect_bytes(b"\0\xff")
    peer.expect_bytes(b"b")
    peer.expect_notes(SENT, SENT)


@case("N4", requires="empty_messages")
def test_empty_text(connect: Connect) -> None:
    """A send with an empty str is an empty text message."""
    peer = connect(script(OPEN, send(text=""), send(text="", bytes=None)))
    peer.expect_text("")
    peer.expect_text("")


@case("N4", requires="empty_messages")
def test_empty_bytes(connect: Connect) -> None:
    """A send with empty bytes is an empty binary message."""
    peer = connect(script(OPEN, send(bytes=b""), send(bytes=b"", text=None)))
    peer.expect_bytes(b"")
    peer.expect_bytes(b"")


@case("N4", requires="empty_messages")
def test_both(connect: Connect) -> None:
    """A send with both bytes and text sends the bytes."""
    peer = connect(script(OPEN, send(text="a", bytes=b"b"), send(text="a", bytes=b""), send(text="open")))
    peer.expect_bytes(b"b")
    peer.expect_bytes(b"")
    peer.expect_text("open")


@case("N4")
def test_neither(connect: Connect) -> None:
    """A send with neither bytes nor text raises ValueError, and the connection stays open."""
    peer = connect(script(OPEN, send(), send(text=None), send(text=None, bytes=None), send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(*["ValueError"] * 3, SENT)


@case("N4")
def test_every_type(connect: Connect) -> None:
    """Send takes bytearray, memoryview, and subclasses of str and bytes."""
    peer = connect(sends_every_type)
    peer.expect_text("a name")
    for data in (b"data", b"array", b"view", b"abc"):
        peer.expect_bytes(data)
    peer.expect_notes(*[SENT] * 5)


@case("N4")
def test_wrong_types(connect: Connect) -> None:
    """Sending any other type raises TypeError, sends nothing, and the connection stays open."""
    peer = connect(sends_wrong_types)
    peer.expect_text("open")
    peer.expect_notes(*["TypeError"] * 16)


@case("N4", requires="lone_surrogates")
def test_lone_surrogate(connect: Connect) -> None:
    """Sending text with a lone surrogate raises ValueError, and the connection stays open."""
    peer = connect(sends_a_surrogate)
    peer.expect_text("open")
    peer.expect_notes("ValueError")


@case("N4")
def test_lengths(connect: Connect) -> None:
    """Messages at the limits of each length encoding arrive whole (RFC 6455 section 5.2)."""
    peer = connect(sends_every_length)
    for size in LENGTHS:
        peer.expect_bytes(b"x" * size)


@case("N4")
def test_order(connect: Connect) -> None:
    """Messages of both types arrive in the order in which the application sends them."""
    peer = connect(script(OPEN, *[send(text=str(n)) if n % 2 else send(bytes=b"%d" % n) for n in range(50)]))
    for number in range(50):
        if number % 2:
            peer.expect_text(str(number))
        else:
            peer.expect_bytes(b"%d" % number)


@case("N4")
def test_two_senders(connect: Connect) -> None:
    """Messages from two tasks don't mix, and the messages of each task are in order."""
    peer = connect(sends_in_two_tasks)
    sizes: dict[bytes, list[int]] = {b"a": [], b"b": []}
    for _ in range(200):
        frame = peer.receive_frame("a message")
        if frame.opcode is not Opcode.BINARY or len(set(frame.payload)) != 1:
            raise Mismatch("a message of one task", frame)
        sizes[frame.payload[:1]].append(len(frame.payload))
    expected = [number * 100 for number in range(1, 101)]
    if sizes != {b"a": expected, b"b": expected}:
        raise Mismatch("100 messages of each task, in order", sizes)


@case("N4", requires="send_pressure")
def test_peer_that_does_not_read(connect: Connect) -> None:
    """A send waits while the peer doesn't read."""
    peer = connect(sends_much)
    notes = peer.record(silent=True).notes
    if notes != ["suspended"]:
        raise Mismatch("a send that waits", notes)


@case("N4", requires="send_pressure")
def test_lost_while_suspended(connect: Connect) -> None:
    """A send that waits raises OSError when the peer leaves."""
    peer = connect(sends_until_it_fails)
    peer.wait_for_a_note()
    peer.abort()
    peer.expect_notes("suspended", "OSError")


@case("N4")
def test_slow_peer(connect: Connect) -> None:
    """A peer that begins to read late gets every message."""
    peer = connect(sends_a_lot)
    peer.wait_until_started()
    for number in range(16):
        peer.expect_bytes(bytes([number]) * MIB)


@case("N4", requires="close_code")
def test_close_after_a_cancelled_send(connect: Connect) -> None:
    """Close works after a send that was cancelled while it waited."""
    peer = connect(closes_after_a_cancelled_send)
    peer.wait_for_a_note()
    while (frame := peer.receive_frame("a message or a close frame")).opcode is Opcode.BINARY:
        if frame.payload != bytes(CHUNK):
            raise Mismatch("whole messages", frame)
    if frame.payload[:2] != (4001).to_bytes(2):
        raise Mismatch("close 4001", frame)


@case("N4", requires="peer_close_code")
def test_after_the_peers_close(connect: Connect) -> None:
    """Each send after the peer's close raises OSError, and close does nothing."""
    peer = connect(script(OPEN, REST, send(text="a"), send(bytes=b"a"), close(), close(code=4001)))
    peer.send_close(4000)
    peer.expect_notes(disconnect(4000), "OSError", "OSError", SENT, SENT)


@case("N4", requires="abnormal_closure")
def test_after_a_loss(connect: Connect) -> None:
    """Each send after the connection is lost raises OSError, and close does nothing."""
    peer = connect(script(OPEN, REST, send(text="a"), close(), send(text="a")))
    peer.abort()
    peer.expect_notes(disconnect(1006), "OSError", SENT, "OSError")


@case("N4", requires="end_while_sending")
def test_only_sending_to_a_closed_peer(connect: Connect) -> None:
    """An application that only sends gets OSError after the peer has closed."""
    peer = connect(only_sends)
    peer.send_close(4000)
    peer.open_gate()
    peer.expect_notes("OSError", "OSError")


@case("N4", requires="end_while_sending")
def test_only_sending_to_a_lost_peer(connect: Connect) -> None:
    """An application that only sends gets OSError after the connection is lost."""
    peer = connect(only_sends)
    peer.wait_until_started()
    peer.abort()
    peer.open_gate()
    peer.expect_notes("OSError", "OSError")


@case("N4", requires=("end_while_sending", "end_behind_unread"))
def test_only_sending_with_messages_unread(connect: Connect) -> None:
    """An application that only sends gets OSError after the peer's close, also with messages unread."""
    peer = connect(only_sends)
    peer.send_text("unread")
    peer.wait_until_started()  # by now the server has read it
    for _ in range(5):
        peer.send_text("unread")
    peer.send_close(4000)
    peer.open_gate()
    peer.expect_notes("OSError", "OSError")


@case("N4")
def test_after_own_close(connect: Connect) -> None:
    """Each send after the application's own close raises RuntimeError."""
    peer = connect(script(OPEN, close(), send(text="a"), RECEIVE, send(bytes=b"a")))
    peer.expect_close_frame()
    peer.send_close(1000)
    peer.expect_end()
    peer.expect_notes(SENT, "RuntimeError", disconnect(1000), "RuntimeError")


@case("N4")
def test_unknown_events(connect: Connect) -> None:
    """Events that no application sends raise RuntimeError, and the connection stays open."""
    kinds = ("websocket.receive", "websocket.connect", "websocket.disconnect", "http.response.start", "x", "")
    events: list[Event] = [{"type": kind} for kind in kinds]
    peer = connect(script(OPEN, *events, send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(*["RuntimeError"] * len(kinds), SENT)


@case("N4")
def test_no_type(connect: Connect) -> None:
    """Events without a valid type raise RuntimeError, and the connection stays open."""
    wrong: list[Event] = [{}, {"text": "a"}, {"type": None}, {"type": b"websocket.send"}]
    peer = connect(script(OPEN, *wrong, send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(*["RuntimeError"] * 4, SENT)


@case("N4")
def test_unknown_events_before_accept(connect: Connect) -> None:
    """Unknown events before accept raise RuntimeError, and the application can still accept."""
    peer = connect(script(RECEIVE, {"type": "x"}, {}, {"type": "websocket.accept"}, send(text="open")))
    peer.expect_text("open")
    peer.expect_notes({"type": "websocket.connect"}, "RuntimeError", "RuntimeError", SENT, SENT)


@case("N4")
def test_both_directions(connect: Connect) -> None:
    """Messages that wait in one direction don't stop the other direction."""
    peer = connect(sends_before_receiving)
    for number in range(100):
        peer.send_text(str(number))
    for number in range(16):
        peer.expect_bytes(bytes([number]) * MIB)
    peer.expect_notes(*map(str, range(100)))
