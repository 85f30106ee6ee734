"""C4, C5, C6: after the end, and how the end of a handler ends the connection."""

import sys
from contextlib import suppress

import anyio

from anysocket import ConnectionClosed, WebSocket, WebSocketRequest
from anysocket_matrix.case import Notes, case, handler
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.conformance.handlers import echo, until_the_end
from anysocket_matrix.peer.frames import Opcode, frame_bytes
from anysocket_matrix.peer.peer import Mismatch


async def note_a_send(ws: WebSocket, notes: Notes) -> None:
    """Send, and note the code and reason of the refusal."""
    try:
        await ws.send("too late")
    except ConnectionClosed as closed:
        notes += [closed.code, closed.reason]


@handler()
async def answers_slowly(request: WebSocketRequest, notes: Notes) -> None:
    """Send every message back, a little later."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await anyio.sleep(0.02)
        with suppress(ConnectionClosed):
            await ws.send(message)


@handler()
async def sends_after_the_end(request: WebSocketRequest, notes: Notes) -> None:
    """Send after the peer has closed."""
    ws = request.web_socket
    await ws.accept()
    while await ws.receive() is not None:
        pass
    await note_a_send(ws, notes)
    await note_a_send(ws, notes)


@handler()
async def sends_after_closing(request: WebSocketRequest, notes: Notes) -> None:
    """Send after our own close."""
    ws = request.web_socket
    await ws.accept()
    await ws.close(4001, "enough")
    await note_a_send(ws, notes)


@handler()
async def receives_after_the_end(request: WebSocketRequest, notes: Notes) -> None:
    """Receive three times after the peer has closed."""
    ws = request.web_socket
    await ws.accept()
    while await ws.receive() is not None:
        pass
    notes += [await ws.receive() for _ in range(3)]


@handler()
async def receives_after_closing(request: WebSocketRequest, notes: Notes) -> None:
    """Receive three times after our own close."""
    ws = request.web_socket
    await ws.accept()
    await ws.close(4001)
    notes += [await ws.receive() for _ in range(3)]


@handler()
async def only_sends(request: WebSocketRequest, notes: Notes) -> None:
    """Send once; when the gate opens, send up to a hundred times, until a send is refused."""
    ws = request.web_socket
    await ws.accept()
    try:
        await ws.send("tick")
        await notes.gate()
        for _ in range(100):
            await ws.send("tick")
            await anyio.sleep(0.01)
    except ConnectionClosed as closed:
        notes.append(closed.code)


@handler()
async def only_waits(request: WebSocketRequest, notes: Notes) -> None:
    """Wait for the end, then note the messages that came before it."""
    ws = request.web_socket
    await ws.accept()
    notes.append(await request.wait_closed())
    while (message := await ws.receive()) is not None:
        notes.append(message)


@handler()
async def waits_beside_receiving(request: WebSocketRequest, notes: Notes) -> None:
    """Wait for the end in one task, and note every message in another."""
    ws = request.web_socket
    await ws.accept()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(request.wait_closed)
        while (message := await ws.receive()) is not None:
            notes.append(message)
    notes.append(ws.code)


@handler()
async def returns(request: WebSocketRequest, notes: Notes) -> None:
    """Accept and return."""
    await request.web_socket.accept()


@handler()
async def raises(request: WebSocketRequest, notes: Notes) -> None:
    """Accept and raise."""
    await request.web_socket.accept()
    raise LookupError("after accept")


@handler()
async def exits(request: WebSocketRequest, notes: Notes) -> None:
    """Accept and exit."""
    await request.web_socket.accept()
    sys.exit("enough")


@handler()
async def exits_first(request: WebSocketRequest, notes: Notes) -> None:
    """Exit before answering."""
    raise KeyboardInterrupt


@handler()
async def lets_it_escape(request: WebSocketRequest, notes: Notes) -> None:
    """Let the ConnectionClosed of a peer that has left escape."""
    ws = request.web_socket
    await ws.accept()
    while await ws.receive() is not None:
        pass
    await ws.send("too late")


@case("C4", requires="peer_close_code")
def test_send_after_the_peers_close(connect: Connect) -> None:
    """Each send after the peer's close raises ConnectionClosed with the peer's code."""
    peer = connect(sends_after_the_end)
    peer.send_close(4999)
    peer.expect_notes(4999, "", 4999, "")


@case("C4", requires="peer_close_reason")
def test_send_after_the_peers_reason(connect: Connect) -> None:
    """Each send after the peer's close raises ConnectionClosed with the peer's reason."""
    peer = connect(sends_after_the_end)
    peer.send_close(4999, "ré")
    peer.expect_notes(4999, "ré", 4999, "ré")


@case("C4", requires=("answers_before_close", "close_echo"))
def test_answers_before_close(connect: Connect) -> None:
    """The answers to messages in one packet with the peer's close arrive before our close frame."""
    peer = connect(answers_slowly)
    texts = [frame_bytes(Opcode.TEXT, text) for text in (b"a", b"b", b"c")]
    peer.send_raw(b"".join(texts) + frame_bytes(Opcode.CLOSE, (4999).to_bytes(2)))
    for text in ("a", "b", "c"):
        peer.expect_text(text)
    peer.expect_close(4999)
    peer.expect_end()


@case("C4", requires="abnormal_closure")
def test_send_after_a_loss(connect: Connect) -> None:
    """Each send after the connection is lost raises ConnectionClosed with 1006."""
    peer = connect(sends_after_the_end)
    peer.abort()
    peer.expect_notes(1006, "", 1006, "")


@case("C4")
def test_send_after_closing(connect: Connect) -> None:
    """A send after the handler's own close raises ConnectionClosed with its code and reason."""
    peer = connect(sends_after_closing)
    peer.expect_close_frame()
    peer.send_close(4001)
    peer.expect_notes(4001, "enough")


@case("C4")
def test_receive_after_the_end(connect: Connect) -> None:
    """Each receive after the end gives None at once."""
    peer = connect(receives_after_the_end)
    peer.send_close(4999)
    peer.expect_notes(None, None, None)


@case("C4")
def test_receive_after_closing(connect: Connect) -> None:
    """Each receive after the handler's own close gives None at once."""
    peer = connect(receives_after_closing)
    peer.expect_close_frame()
    peer.send_close(4001)
    peer.expect_notes(None, None, None)


@case("C6", requires=("end_while_sending", "peer_close_code"))
def test_only_sending_to_a_closed_peer(connect: Connect) -> None:
    """A handler that only sends learns that the peer has closed, and with which code."""
    peer = connect(only_sends)
    peer.expect_text("tick")
    peer.send_close(4999)
    peer.open_gate()
    peer.expect_notes(4999)


@case("C6", requires="end_while_sending")
def test_only_sending_to_a_waiting_peer(connect: Connect) -> None:
    """A handler that only sends learns of the peer's close while the peer waits for the answer."""
    peer = connect(only_sends)
    peer.expect_text("tick")
    peer.send_close()
    peer.open_gate()
    if not peer.record().notes:
        raise Mismatch("ConnectionClosed", "sends that go on")


@case("C6", requires="end_while_sending")
def test_only_sending_to_a_lost_peer(connect: Connect) -> None:
    """A handler that only sends learns that the connection is lost."""
    peer = connect(only_sends)
    peer.expect_text("tick")
    peer.abort()
    peer.open_gate()
    if not peer.record().notes:
        raise Mismatch("ConnectionClosed", "sends that go on")


@case("C6", requires=("end_behind_unread", "peer_close_code"))
def test_only_sending_with_messages_unread(connect: Connect) -> None:
    """A handler that only sends learns of the peer's close behind messages that it hasn't received."""
    peer = connect(only_sends)
    peer.send_text("unread")
    peer.wait_until_started()  # by now the server has read it
    peer.send_text("unread")
    peer.send_close(4999)
    peer.open_gate()
    peer.expect_notes(4999)


@case("C6", requires="end_behind_unread")
def test_only_sending_with_messages_unread_to_a_waiting_peer(connect: Connect) -> None:
    """With messages unread, a handler that only sends learns of a close whose answer the peer awaits."""
    peer = connect(only_sends)
    peer.send_text("unread")
    peer.wait_until_started()  # by now the server has read it
    peer.send_text("unread")
    peer.send_close()
    peer.open_gate()
    if not peer.record().notes:
        raise Mismatch("ConnectionClosed", "sends that go on")


@case("C6", requires="peer_close_code")
def test_only_waiting(connect: Connect) -> None:
    """A handler that only waits learns of the end, and can then receive the messages before it."""
    peer = connect(only_waits)
    peer.send_text("one")
    peer.send_bytes(b"two")
    peer.send_close(4999)
    peer.expect_notes(4999, "one", b"two")


@case("C6")
def test_only_waiting_for_a_lost_peer(connect: Connect) -> None:
    """A handler that only waits learns that the connection is lost."""
    peer = connect(only_waits)
    peer.wait_until_started()
    peer.abort()
    if len(peer.record().notes) != 1:
        raise Mismatch("the end", peer.record().notes)


@case("C6", requires="peer_close_code")
def test_waiting_beside_receiving(connect: Connect) -> None:
    """One task may wait for the end while another receives; the messages stay in order."""
    peer = connect(waits_beside_receiving)
    numbers = [str(number) for number in range(100)]
    for number in numbers:
        peer.send_text(number)
    peer.send_close(4999)
    peer.expect_notes(*numbers, 4999)


@case("C5")
def test_returns(connect: Connect) -> None:
    """A handler that returns closes the connection, and its code is 1000."""
    peer = connect(returns)
    peer.expect_close_frame()
    peer.send_close(1000)
    peer.expect_end()
    peer.expect_code(1000)


@case("C5", requires="close_code")
def test_code_of_a_return(connect: Connect) -> None:
    """The peer of a handler that returns sees 1000."""
    connect(returns).expect_close(1000, "")


@case("C5", requires="close_codes")
def test_raises(connect: Connect) -> None:
    """A handler that raises closes the connection, its code is 1011, and the server gets the exception."""
    peer = connect(raises)
    peer.expect_close_frame()
    peer.send_close(1011)
    peer.expect_end()
    peer.expect_code(1011)
    peer.expect_raised("LookupError: after accept")


@case("C5", requires="close_code")
def test_code_of_a_failure(connect: Connect) -> None:
    """The peer of a handler that raises sees 1011."""
    connect(raises).expect_close(1011, "")


@case("C5")
def test_exits(connect: Connect) -> None:
    """A handler that raises SystemExit fails like any other, and other connections stay open."""
    other = connect(echo)
    peer = connect(exits, beside=other)
    peer.expect_close_frame()
    peer.send_close(1011)
    peer.expect_end()
    peer.expect_code(1011)
    connect(exits_first, beside=other).expect_status(500)
    other.send_text("a")
    other.expect_text("a")


@case("C5", requires="peer_close_code")
def test_returns_after_the_end(connect: Connect) -> None:
    """A handler that returns after the peer's close keeps the peer's code."""
    peer = connect(until_the_end)
    peer.send_close(4999)
    peer.expect_code(4999)
    peer.expect_raised(None)


@case("C5", requires="peer_close_code")
def test_peer_that_left_is_no_mistake(connect: Connect) -> None:
    """A handler that lets the ConnectionClosed of its own connection escape hasn't failed."""
    peer = connect(lets_it_escape)
    peer.send_close(4999)
    peer.expect_raised(None)
    peer.expect_code(4999)
