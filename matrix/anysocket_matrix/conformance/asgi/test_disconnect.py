"""N2: how the connection ends, as the application sees it."""

from typing import cast

import anyio

from anysocket_matrix.case import ASGICall, asgi_app, case
from anysocket_matrix.conformance.asgi.script import (
    CONNECT,
    GATE,
    OPEN,
    RECEIVE,
    REST,
    SENT,
    binary,
    body,
    close,
    disconnect,
    open_connection,
    script,
    start,
    text,
)
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.peer.frames import Opcode, frame_bytes
from anysocket_matrix.peer.peer import Mismatch

LONGEST = "é" * 61 + "x"
"""123 bytes of UTF-8."""


@asgi_app()
async def receives_again(asgi: ASGICall) -> None:
    """Note the disconnect, and three more receives after it."""
    await open_connection(asgi)
    asgi.notes.append(await asgi.receive())
    with anyio.fail_after(1):
        for _ in range(3):
            asgi.notes.append(await asgi.receive())


@asgi_app()
async def three_wait_for_the_end(asgi: ASGICall) -> None:
    """Note the disconnect in each of three tasks."""
    await open_connection(asgi)

    async def receive() -> None:
        asgi.notes.append(await asgi.receive())

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(receive)


@case("N2", requires="peer_close_reason")
def test_code_and_reason(connect: Connect) -> None:
    """The disconnect has the peer's code and reason and no other key; the server echoes the code."""
    peer = connect(script(OPEN, REST))
    peer.send_close(4999, "ré")
    peer.expect_close(4999)
    peer.expect_end()
    peer.expect_notes(disconnect(4999, "ré"))


@case("N2", requires="peer_close_reason")
def test_longest_reason(connect: Connect) -> None:
    """A peer's close reason of 123 bytes arrives whole."""
    peer = connect(script(OPEN, REST))
    peer.send_close(3000, LONGEST)
    peer.expect_notes(disconnect(3000, LONGEST))


@case("N2", requires="peer_close_code")
def test_codes(connect: Connect) -> None:
    """Every close code that a peer may send is in the disconnect, with an empty reason."""
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4000, 4999):
        peer = connect(script(OPEN, REST))
        peer.send_close(code)
        peer.expect_notes(disconnect(code))


@case("N2", requires="no_close_code")
def test_no_code(connect: Connect) -> None:
    """A close frame without a code gives a disconnect with 1005."""
    peer = connect(script(OPEN, REST))
    peer.send_close()
    peer.expect_notes(disconnect(1005))


@case("N2", requires="peer_close_code")
def test_messages_first(connect: Connect) -> None:
    """Messages that the peer sent before its close come before the disconnect, even to a slow application."""
    peer = connect(script(OPEN, GATE, REST))
    peer.send_text("a")
    peer.send_bytes(b"b")
    peer.send_close(4000)
    peer.open_gate()
    peer.expect_notes(text("a"), binary(b"b"), disconnect(4000))


@case("N2", requires="peer_close_code")
def test_messages_after_the_close(connect: Connect) -> None:
    """Messages that the peer sends after its close frame are dropped (RFC 6455 section 5.5.1)."""
    peer = connect(script(OPEN, REST))
    peer.send_close(4000)
    peer.send_text("too late")
    peer.expect_notes(disconnect(4000))


@case("N2", requires="abnormal_closure")
def test_reset(connect: Connect) -> None:
    """A connection that the peer resets gives a disconnect with 1006."""
    peer = connect(script(OPEN, REST))
    peer.abort()
    peer.expect_notes(disconnect(1006))


@case("N2", requires="abnormal_closure")
def test_hung_up(connect: Connect) -> None:
    """A connection without a close frame gives a disconnect with 1006, after the messages before it."""
    peer = connect(script(OPEN, REST))
    peer.send_text("a")
    peer.hang_up()
    peer.expect_notes(text("a"), disconnect(1006))


@case("N2", requires="half_closed")
def test_half_closed(connect: Connect) -> None:
    """A connection that ends only in the peer's direction gives a disconnect with 1006, and is ended."""
    peer = connect(script(OPEN, REST))
    peer.half_close()
    peer.expect_end()
    peer.expect_notes(disconnect(1006))


@case("N2", requires="abnormal_closure")
def test_reset_within_a_message(connect: Connect) -> None:
    """An incomplete message at the end of the connection is dropped."""
    peer = connect(script(OPEN, REST))
    peer.send_frame(Opcode.TEXT, b"half a", fin=False)
    peer.hang_up()
    peer.expect_notes(disconnect(1006))


@case("N2", requires="peer_close_code")
def test_again_and_again(connect: Connect) -> None:
    """Every receive after the disconnect gives the same disconnect at once."""
    peer = connect(receives_again)
    peer.send_close(4000)
    peer.expect_notes(*[disconnect(4000)] * 4)


@case("N2", requires="abnormal_closure")
def test_again_after_a_loss(connect: Connect) -> None:
    """Every receive after a lost connection gives the same disconnect at once."""
    peer = connect(receives_again)
    peer.abort()
    peer.expect_notes(*[disconnect(1006)] * 4)


@case("N2", requires="peer_close_code")
def test_every_waiting_task(connect: Connect) -> None:
    """Every task that waits in receive gets the disconnect."""
    peer = connect(three_wait_for_the_end)
    peer.send_close(4000)
    peer.expect_notes(*[disconnect(4000)] * 3)


@case("N2", requires="close_reason")
def test_own_close(connect: Connect) -> None:
    """Every receive after the application's own close gives a disconnect with its code and reason."""
    peer = connect(script(OPEN, close(code=4001, reason="ré"), RECEIVE, RECEIVE))
    peer.expect_close(4001, "ré")
    peer.send_close(4001)
    peer.expect_notes(SENT, disconnect(4001, "ré"), disconnect(4001, "ré"))


@case("N2")
def test_own_close_stands(connect: Connect) -> None:
    """The disconnect has the application's own close code when the peer answers with another code."""
    peer = connect(script(OPEN, close(code=4001), RECEIVE))
    peer.expect_close_frame()
    peer.send_close(4002, "other")
    peer.expect_notes(SENT, disconnect(4001))


@case("N2")
def test_own_close_with_a_silent_peer(connect: Connect) -> None:
    """The disconnect comes at once after the application's own close, even if the peer doesn't answer."""
    peer = connect(closes_and_receives)
    peer.expect_close_frame()
    notes = peer.record(silent=True).notes
    if notes != [disconnect(4001)]:
        raise Mismatch([disconnect(4001)], notes)


@asgi_app(close_timeout=0.3)
async def closes_and_receives(asgi: ASGICall) -> None:
    """Close with a short timeout, and note the disconnect."""
    await open_connection(asgi)
    await asgi.send(close(code=4001))
    asgi.notes.append(await asgi.receive())


@case("N2")
def test_unread_messages_after_own_close(connect: Connect) -> None:
    """Unread messages are dropped after the application's own close."""
    peer = connect(script(OPEN, GATE, close(), RECEIVE))
    peer.send_text("unread")
    peer.open_gate()
    peer.expect_notes(SENT, disconnect(1000))


@case("N2")
def test_own_denial(connect: Connect) -> None:
    """Every receive after a close before accept gives a disconnect with 1006."""
    peer = connect(script(RECEIVE, close(code=4001, reason="no"), RECEIVE, RECEIVE))
    peer.expect_status(403)
    peer.expect_notes(CONNECT, SENT, disconnect(1006), disconnect(1006))


@case("N2")
def test_own_response(connect: Connect) -> None:
    """Every receive after a denial response gives a disconnect with 1006."""
    peer = connect(script(RECEIVE, start(status=401), body(), RECEIVE, RECEIVE))
    peer.expect_notes(CONNECT, SENT, SENT, disconnect(1006), disconnect(1006))


@case("N2", requires="disconnect_before_accept")
def test_lost_before_accept(connect: Connect) -> None:
    """An application that receives before it accepts learns that the peer has left."""
    peer = connect(script(RECEIVE, RECEIVE, RECEIVE), answer=False)
    peer.wait_until_started()
    peer.abort()
    peer.expect_notes(CONNECT, disconnect(1006), disconnect(1006))


@case("N2", requires="protocol_error_code")
def test_protocol_error(connect: Connect) -> None:
    """An unknown opcode gives a disconnect with 1002."""
    expect_disconnect(connect, 1002, frame_bytes(0x3, b"a"))


@case("N2", requires="protocol_error_code")
def test_unmasked_frame(connect: Connect) -> None:
    """An unmasked frame gives a disconnect with 1002."""
    expect_disconnect(connect, 1002, frame_bytes(Opcode.TEXT, b"a", masked=False))


@case("N2", requires="protocol_error_code")
def test_reserved_bit(connect: Connect) -> None:
    """A reserved bit without an extension gives a disconnect with 1002."""
    expect_disconnect(connect, 1002, frame_bytes(Opcode.TEXT, b"a", rsv=2))


@case("N2", requires="protocol_error_code")
def test_continuation_of_nothing(connect: Connect) -> None:
    """A continuation without a first fragment gives a disconnect with 1002."""
    expect_disconnect(connect, 1002, frame_bytes(Opcode.CONTINUATION, b"a"))


@case("N2", requires="protocol_error_code")
def test_long_ping(connect: Connect) -> None:
    """A ping above 125 bytes gives a disconnect with 1002."""
    expect_disconnect(connect, 1002, frame_bytes(Opcode.PING, b"x" * 126))


@case("N2", requires="peer_close_code")
def test_invalid_close_code(connect: Connect) -> None:
    """A close frame with an invalid code gives a disconnect with 1002."""
    expect_disconnect(connect, 1002, frame_bytes(Opcode.CLOSE, (1005).to_bytes(2)))


@case("N2", requires="protocol_error_code")
def test_text_without_utf8(connect: Connect) -> None:
    """Text that isn't UTF-8 gives a disconnect with 1007."""
    expect_disconnect(connect, 1007, frame_bytes(Opcode.TEXT, b"\xff"))


@case("N2", requires="protocol_error_close")
def test_protocol_error_on_the_wire(connect: Connect) -> None:
    """A peer that breaks the protocol sees 1002 and the end; the message before is received."""
    peer = connect(script(OPEN, RECEIVE, RECEIVE))
    # In one packet: otherwise it depends on timing whether the message is received before the error.
    peer.send_raw(frame_bytes(Opcode.TEXT, b"a") + frame_bytes(0x3, b"a"))
    peer.expect_close(1002)
    peer.expect_end()
    first, last = peer.record().notes
    if first != text("a") or "disconnect" not in str(last):
        raise Mismatch("the message and the disconnect", [first, last])


@case("N2", requires="invalid_text_close")
def test_text_without_utf8_on_the_wire(connect: Connect) -> None:
    """A peer whose text isn't UTF-8 sees 1007 and the end."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_frame(Opcode.TEXT, b"\xff")
    peer.expect_close(1007)
    peer.expect_end()


def expect_disconnect(connect: Connect, code: int, frame: bytes) -> None:
    """Send a frame; expect a disconnect with this code, and any reason."""
    peer = connect(script(OPEN, RECEIVE))
    peer.send_raw(frame)
    event = peer.record().notes[0]
    seen = cast("dict[str, object]", event) if isinstance(event, dict) else {}
    if seen.get("code") != code:
        raise Mismatch(f"a disconnect with {code}", peer.record().notes)
