"""N5: an application that closes."""

import anyio

from anysocket_matrix.case import ASGICall, asgi_app, case
from anysocket_matrix.conformance.asgi.script import (
    GATE,
    OPEN,
    RECEIVE,
    REST,
    SENT,
    Flood,
    attempt,
    close,
    disconnect,
    open_connection,
    script,
    send,
)
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.peer.peer import Mismatch

LONGEST = "é" * 61 + "x"
"""123 bytes of UTF-8."""


@asgi_app(close_timeout=0.3)
async def closes_soon(asgi: ASGICall) -> None:
    """Close with a short timeout."""
    await open_connection(asgi)
    asgi.notes.append(await attempt(asgi.send(close(code=4001))))


async def close_while_receiving(asgi: ASGICall, reason: str) -> None:
    """Close when the gate opens, while another task receives."""
    await open_connection(asgi)

    async def receive() -> None:
        asgi.notes.append(await asgi.receive())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await asgi.notes.gate()
        await asgi.send(close(code=4001, reason=reason))


@asgi_app(close_timeout=0.3)
async def closes_soon_while_receiving(asgi: ASGICall) -> None:
    """Close with a short timeout while another task receives."""
    await close_while_receiving(asgi, "")


@asgi_app()
async def closes_while_receiving(asgi: ASGICall) -> None:
    """Close while another task receives."""
    await close_while_receiving(asgi, "bye")


@asgi_app(close_timeout=0.3)
async def closes_while_sending(asgi: ASGICall) -> None:
    """Close while another task's send waits for the peer."""
    await open_connection(asgi)

    flood = Flood(asgi)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flood.send)
        await flood.until_none()
        await asgi.send(close(code=4001))
        asgi.notes.append("closed")
        tasks.cancel_scope.cancel()


@asgi_app()
async def closes_in_two_tasks(asgi: ASGICall) -> None:
    """Close twice at once."""
    await open_connection(asgi)

    async def end(code: int) -> None:
        asgi.notes.append(await attempt(asgi.send(close(code=code))))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end, 4001)
        tasks.start_soon(end, 4002)


@asgi_app()
async def closes_with_a_surrogate(asgi: ASGICall) -> None:
    """Close with a reason that has a lone surrogate."""
    await open_connection(asgi)
    asgi.notes.append(await attempt(asgi.send(close(reason="a\ud800"))))
    await asgi.send(send(text="open"))


@case("N5", requires="close_code")
def test_no_fields(connect: Connect) -> None:
    """Close without a code sends 1000, and close without a reason sends an empty one."""
    peer = connect(script(OPEN, close()))
    peer.expect_closed(1000)
    peer.expect_notes(SENT)


@case("N5", requires="close_code")
def test_none(connect: Connect) -> None:
    """Close with None as the code and the reason sends 1000 and an empty reason."""
    peer = connect(script(OPEN, close(code=None, reason=None)))
    peer.expect_closed(1000)
    peer.expect_notes(SENT)


@case("N5", requires=("close_reason", "close_code"))
def test_code_and_reason(connect: Connect) -> None:
    """The code and the reason of a close reach the peer."""
    peer = connect(script(OPEN, close(code=4001, reason="ré")))
    peer.expect_closed(4001, "ré")


@case("N5", requires="close_code")
def test_code_alone(connect: Connect) -> None:
    """A close may have a code without a reason."""
    peer = connect(script(OPEN, close(code=3000)))
    peer.expect_closed(3000)


@case("N5", requires=("close_reason", "close_code"))
def test_reason_alone(connect: Connect) -> None:
    """A close may have a reason without a code, which is then 1000."""
    peer = connect(script(OPEN, close(reason="done")))
    peer.expect_closed(1000, "done")


@case("N5", requires=("close_codes", "close_code"))
def test_codes(connect: Connect) -> None:
    """Every close code that may be sent reaches the peer."""
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999):
        peer = connect(script(OPEN, close(code=code, reason="x")))
        peer.expect_close(code, "x")
        peer.send_close(code)


@case("N5")
def test_wrong_codes(connect: Connect) -> None:
    """A close code that mustn't be sent raises ValueError, and the connection stays open."""
    codes = (-1, 0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536, 70000)
    peer = connect(script(OPEN, *[close(code=code) for code in codes], send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(*["ValueError"] * len(codes), SENT)


@case("N5")
def test_code_of_a_wrong_type(connect: Connect) -> None:
    """A close code that isn't an int raises TypeError, and the connection stays open."""
    wrong = ("1000", 1000.0, True, b"1000", [1000])
    peer = connect(script(OPEN, *[close(code=code) for code in wrong], send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(*["TypeError"] * len(wrong), SENT)


@case("N5")
def test_reason_of_a_wrong_type(connect: Connect) -> None:
    """A close reason that isn't a str raises TypeError, and the connection stays open."""
    wrong = (b"bye", 1, ["bye"], True)
    peer = connect(script(OPEN, *[close(reason=reason) for reason in wrong], send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(*["TypeError"] * len(wrong), SENT)


@case("N5", requires=("close_reason", "close_code"))
def test_longest_reason(connect: Connect) -> None:
    """A close reason of 123 bytes of UTF-8 arrives whole."""
    peer = connect(script(OPEN, close(code=3000, reason=LONGEST)))
    peer.expect_closed(3000, LONGEST)


@case("N5", requires=("close_reason", "close_code"))
def test_long_reason(connect: Connect) -> None:
    """A close reason above 123 bytes is cut to the length that a close frame holds."""
    peer = connect(script(OPEN, close(code=3000, reason="x" * 200)))
    peer.expect_closed(3000, "x" * 123)


@case("N5", requires=("close_reason", "close_code"))
def test_long_reason_in_characters(connect: Connect) -> None:
    """A long close reason is cut between characters."""
    peer = connect(script(OPEN, close(reason="é" * 62)))
    peer.expect_closed(1000, "é" * 61)
    peer = connect(script(OPEN, close(reason="\U0001f642" * 31)))
    peer.expect_closed(1000, "\U0001f642" * 30)


@case("N5")
def test_reason_without_utf8(connect: Connect) -> None:
    """A close reason with a lone surrogate raises ValueError, and the connection stays open."""
    peer = connect(closes_with_a_surrogate)
    peer.expect_text("open")
    peer.expect_notes("ValueError")


@case("N5", requires="close_code")
def test_close_twice(connect: Connect) -> None:
    """A second close raises RuntimeError; the first one counts."""
    peer = connect(script(OPEN, close(code=4001), close(code=4002), RECEIVE, close()))
    peer.expect_closed(4001)
    peer.expect_notes(SENT, "RuntimeError", disconnect(4001), "RuntimeError")


@case("N5")
def test_two_closes_at_once(connect: Connect) -> None:
    """Two tasks close at once: one close raises RuntimeError, the other is sent."""
    peer = connect(closes_in_two_tasks)
    peer.expect_close_frame()
    notes = peer.record().notes
    if sorted(map(str, notes)) != ["RuntimeError", SENT]:
        raise Mismatch("one close that succeeds", notes)


@case("N5", requires="close_code")
def test_messages_first(connect: Connect) -> None:
    """Messages sent before a close arrive before it; none arrives after it."""
    peer = connect(script(OPEN, *[send(text=str(n)) for n in range(50)], close(code=4001), send(text="late")))
    for number in range(50):
        peer.expect_text(str(number))
    peer.expect_closed(4001)


@case("N5", requires="close_code")
def test_other_answer(connect: Connect) -> None:
    """An application keeps its own close code when the peer answers with another code."""
    peer = connect(script(OPEN, close(code=4001), RECEIVE))
    peer.expect_close(4001)
    peer.send_close(1000)
    peer.expect_end()
    peer.expect_notes(SENT, disconnect(4001))


@case("N5", requires="close_code")
def test_messages_before_the_answer(connect: Connect) -> None:
    """Messages that the peer sends after the application's close are dropped."""
    peer = connect(script(OPEN, close(code=4001), REST))
    peer.expect_close(4001)
    for _ in range(5):
        peer.send_text("late")
    peer.send_close(4001)
    peer.expect_end()
    peer.expect_notes(SENT, disconnect(4001))


@case("N5", requires=("close_with_unread", "close_code"))
def test_unread_messages(connect: Connect) -> None:
    """Close finds the peer's answer behind messages that the application hasn't received."""
    peer = connect(script(OPEN, GATE, close(code=4001)))
    for number in range(50):
        peer.send_text(str(number))
    peer.open_gate()
    peer.expect_closed(4001)
    peer.expect_notes(SENT)


@case("N5", requires="close_code")
def test_peer_that_hangs_up_instead(connect: Connect) -> None:
    """A peer that hangs up instead of answering leaves the application its own close code."""
    peer = connect(script(OPEN, close(code=4001), RECEIVE))
    peer.expect_close(4001)
    peer.abort()
    peer.expect_notes(SENT, disconnect(4001))


@case("N5", requires="close_code")
def test_silent_peer(connect: Connect) -> None:
    """Close returns in time when the peer doesn't answer, and the peer sees the connection end."""
    peer = connect(closes_soon)
    peer.expect_close(4001)
    if peer.record(silent=True).notes != [SENT]:
        raise Mismatch("a close that returns", peer.record(silent=True).notes)
    peer.expect_end()


@case("N5", requires=("close_while_receiving", "close_code"))
def test_silent_peer_while_receiving(connect: Connect) -> None:
    """Close returns in time while another task receives, which then gets the disconnect."""
    peer = connect(closes_soon_while_receiving)
    peer.wait_until_receiving()
    peer.open_gate()
    peer.expect_close(4001)
    notes = peer.record(silent=True).notes
    if notes != [disconnect(4001)]:
        raise Mismatch("a receive that ends", notes)


@case("N5", requires=("close_while_receiving", "close_code"))
def test_close_while_receiving(connect: Connect) -> None:
    """Close works while another task receives, which gets the disconnect with the application's code."""
    peer = connect(closes_while_receiving)
    peer.wait_until_receiving()
    peer.open_gate()
    peer.expect_closed(4001, "bye")
    peer.expect_notes(disconnect(4001, "bye"))


@case("N5", requires="suspended_sends")
def test_close_while_sending(connect: Connect) -> None:
    """Close returns in time while the send of another task waits for a peer that doesn't read."""
    peer = connect(closes_while_sending)
    notes = peer.record(silent=True).notes
    if notes != ["closed"]:
        raise Mismatch("a close that returns", notes)
