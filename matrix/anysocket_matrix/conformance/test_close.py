"""C1, C2, C3: closing, by either side."""

import anyio

from anysocket import WebSocketRequest
from anysocket_matrix.case import Notes, case, handler
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.conformance.handlers import until_the_end
from anysocket_matrix.peer.peer import Mismatch

LONGEST = "é" * 61 + "x"
"""123 bytes of UTF-8."""


@handler()
async def closes(request: WebSocketRequest, notes: Notes) -> None:
    """Close with our own code and reason."""
    ws = request.web_socket
    await ws.accept()
    await ws.close(4001, "ré")
    notes += [ws.code, await ws.receive(), ws.code]


@handler()
async def closes_plainly(request: WebSocketRequest, notes: Notes) -> None:
    """Close without arguments."""
    await request.web_socket.accept()
    await request.web_socket.close()
    notes.append(request.web_socket.code)


@handler()
async def closes_as_told(request: WebSocketRequest, notes: Notes) -> None:
    """Close with the code and the reason in the query."""
    await request.web_socket.accept()
    await request.web_socket.close(int(request.query["code"]), request.query["reason"])


@handler()
async def closes_badly_first(request: WebSocketRequest, notes: Notes) -> None:
    """Try codes and reasons that can't be sent, then send and receive."""
    ws = request.web_socket
    await ws.accept()
    for code in (-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 70000):
        try:
            await ws.close(code)
        except ValueError:
            notes.append(code)
    for reason in ("x" * 124, "é" * 62):
        try:
            await ws.close(1000, reason)
        except ValueError:
            notes.append("reason")
    notes.append(ws.code)
    await ws.send("still open")
    notes.append(await ws.receive())


@handler()
async def closes_again_and_again(request: WebSocketRequest, notes: Notes) -> None:
    """Close three times."""
    ws = request.web_socket
    await ws.accept()
    for code in (4001, 4002, 1000):
        await ws.close(code)
    notes.append(ws.code)


@handler()
async def closes_after_the_end(request: WebSocketRequest, notes: Notes) -> None:
    """Close after the peer has closed."""
    ws = request.web_socket
    await ws.accept()
    while await ws.receive() is not None:
        pass
    await ws.close(4001)
    await ws.close()
    notes.append(ws.code)


@handler(close_timeout=0.5)
async def closes_soon(request: WebSocketRequest, notes: Notes) -> None:
    """Close with a short timeout."""
    await request.web_socket.accept()
    await request.web_socket.close(4001)


@handler()
async def closes_while_receiving(request: WebSocketRequest, notes: Notes) -> None:
    """Close while another task receives."""
    ws = request.web_socket
    await ws.accept()

    async def receive() -> None:
        notes.append(await ws.receive())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await notes.gate()
        await ws.close(4001)
        notes.append("closed")


@handler()
async def closes_at_the_gate(request: WebSocketRequest, notes: Notes) -> None:
    """Close when the gate opens, without having received anything."""
    await request.web_socket.accept()
    await notes.gate()
    await request.web_socket.close(4001)


@case("C3", requires="close_with_unread")
def test_close_with_unread_messages(connect: Connect) -> None:
    """Close finds the peer's answer behind messages that the handler hasn't received."""
    peer = connect(closes_at_the_gate)
    for number in range(50):
        peer.send_text(str(number))
    peer.open_gate()
    peer.expect_close_frame()
    peer.send_close(4001)
    peer.expect_end()
    peer.expect_code(4001)


@case("C1", requires="peer_close_code")
def test_peers_code(connect: Connect) -> None:
    """After the peer's close, the handler has the peer's code and the peer gets one close frame back."""
    peer = connect(until_the_end)
    peer.send_close(4999)
    peer.receive_frame("a close frame")
    peer.expect_end()
    peer.expect_code(4999)


@case("C1", requires="close_echo")
def test_peers_code_echoed(connect: Connect) -> None:
    """The server answers the peer's close with the peer's own code (RFC 6455 section 5.5.1)."""
    peer = connect(until_the_end)
    peer.send_close(4999)
    peer.expect_close(4999)


@case("C1", requires="peer_close_code")
def test_peers_standard_code(connect: Connect) -> None:
    """A peer that closes with 1001, as a closing browser tab does, gives the handler 1001."""
    peer = connect(until_the_end)
    peer.send_close(1001)
    peer.expect_code(1001)


@case("C1", requires="peer_code_1014")
def test_peers_newest_code(connect: Connect) -> None:
    """A peer that closes with 1014 gives the handler 1014 (IANA registry of RFC 6455 section 11.7)."""
    peer = connect(until_the_end)
    peer.send_close(1014)
    peer.expect_close(1014)
    peer.expect_code(1014)


@case("C1", requires="no_close_code")
def test_no_code(connect: Connect) -> None:
    """A close frame without a code gives the handler 1005."""
    peer = connect(until_the_end)
    peer.send_close()
    peer.expect_code(1005)


@case("C1", requires="peer_close_code")
def test_messages_before_close(connect: Connect) -> None:
    """The handler receives the messages that the peer sent before its close frame."""
    peer = connect(until_the_end)
    peer.send_text("a")
    peer.send_bytes(b"")
    peer.send_close(4999)
    peer.expect_notes("a", b"")
    peer.expect_code(4999)


@case("C1", requires="abnormal_closure")
def test_reset(connect: Connect) -> None:
    """A connection that the peer resets gives the handler 1006."""
    peer = connect(until_the_end)
    peer.abort()
    peer.expect_code(1006)


@case("C1", requires="abnormal_closure")
def test_hung_up(connect: Connect) -> None:
    """A TCP connection that ends without a close frame gives the handler 1006."""
    peer = connect(until_the_end)
    peer.hang_up()
    peer.expect_code(1006)


@case("C1", requires="half_closed")
def test_half_closed(connect: Connect) -> None:
    """A connection that ends only in the peer's direction gives the handler 1006."""
    peer = connect(until_the_end)
    peer.half_close()
    peer.expect_end()
    peer.expect_code(1006)


@case("C1", requires=("close_code", "close_reason"))
def test_own_code_and_reason(connect: Connect) -> None:
    """The handler's own code and reason reach the peer, and the handler keeps its code."""
    peer = connect(closes)
    peer.expect_close(4001, "ré")
    peer.send_close(4001, "ré")
    peer.expect_end()
    peer.expect_notes(4001, None, 4001)


@case("C1")
def test_own_code_stands(connect: Connect) -> None:
    """The handler keeps its own close code when the peer answers with another code."""
    peer = connect(closes)
    peer.expect_close_frame()
    peer.send_close(4002)
    peer.expect_notes(4001, None, 4001)


@case("C1", requires="close_code")
def test_default_code(connect: Connect) -> None:
    """Close without arguments sends 1000 and an empty reason."""
    peer = connect(closes_plainly)
    peer.expect_close(1000, "")
    peer.send_close(1000)
    peer.expect_notes(1000)


@case("C2", requires=("close_code", "close_codes"))
def test_codes_that_can_be_sent(connect: Connect) -> None:
    """Every close code that may be sent reaches the peer."""
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999):
        peer = connect(closes_as_told, f"/?code={code}&reason=x")
        peer.expect_close(code, "x")
        peer.send_close(code)


@case("C2", requires=("close_code", "close_reason"))
def test_longest_reason(connect: Connect) -> None:
    """A close reason of 123 bytes of UTF-8 arrives whole."""
    peer = connect(closes_as_told, "/?code=3000&reason=" + "%C3%A9" * 61 + "x")
    peer.expect_close(3000, LONGEST)


@case("C2")
def test_bad_codes_and_reasons(connect: Connect) -> None:
    """A code or reason that can't be sent raises ValueError, and the connection stays open."""
    peer = connect(closes_badly_first)
    peer.expect_text("still open")
    peer.send_text("so it is")
    codes = [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 70000]
    peer.expect_notes(*codes, "reason", "reason", None, "so it is")


@case("C3")
def test_close_again(connect: Connect) -> None:
    """Close may be called again; the first call counts."""
    peer = connect(closes_again_and_again)
    peer.expect_close_frame()
    peer.send_close(4001)
    peer.expect_end()
    peer.expect_notes(4001)


@case("C3", requires="close_code")
def test_first_of_several_closes(connect: Connect) -> None:
    """The peer of a handler that closes several times sees the first close."""
    peer = connect(closes_again_and_again)
    peer.expect_close(4001)
    peer.send_close(4001)
    peer.expect_end()


@case("C3", requires="peer_close_code")
def test_close_after_the_end(connect: Connect) -> None:
    """Close does nothing after the peer's close."""
    peer = connect(closes_after_the_end)
    peer.send_close(4999)
    peer.receive_frame("a close frame")
    peer.expect_end()
    peer.expect_code(4999)


@case("C3", requires="abnormal_closure")
def test_close_after_a_loss(connect: Connect) -> None:
    """Close does nothing after the connection is lost."""
    peer = connect(closes_after_the_end)
    peer.abort()
    peer.expect_notes(1006)


@case("C3")
def test_silent_peer(connect: Connect) -> None:
    """Close returns within its timeout when the peer doesn't answer."""
    peer = connect(closes_soon)
    peer.expect_close_frame()
    if peer.record(silent=True).code != 4001:
        raise Mismatch("code 4001", peer.record().code)


@case("C3", requires="close_while_receiving")
def test_close_while_receiving(connect: Connect) -> None:
    """Close works while another task waits in receive; that receive then gives None."""
    peer = connect(closes_while_receiving)
    peer.wait_until_receiving()
    peer.open_gate()
    peer.expect_close_frame()
    peer.send_close(4001)
    if sorted(map(str, peer.record().notes)) != ["None", "closed"]:
        raise Mismatch("both tasks to end", peer.record().notes)
