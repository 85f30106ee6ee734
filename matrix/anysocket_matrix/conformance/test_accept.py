"""H2, H4, H5: accepting a connection, or failing to."""

import anyio

from anysocket import ConnectionClosed, InvalidState, WebSocketRequest
from anysocket_matrix.case import Notes, case, handler
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.conformance.handlers import echo, until_the_end
from anysocket_matrix.peer.frames import Opcode, frame_bytes
from anysocket_matrix.peer.peer import Mismatch


@handler()
async def chooses_the_last(request: WebSocketRequest, notes: Notes) -> None:
    """Accept the last subprotocol that is offered."""
    await request.web_socket.accept(request.subprotocols[-1])


@handler()
async def chooses_the_first(request: WebSocketRequest, notes: Notes) -> None:
    """Accept the first subprotocol that is offered."""
    await request.web_socket.accept(request.subprotocols[0])


@handler()
async def adds_headers(request: WebSocketRequest, notes: Notes) -> None:
    """Accept with headers, as str and as bytes, one of them twice."""
    await request.web_socket.accept(headers=[("x-a", "1"), (b"X-B", b"2"), ("x-a", "3")])


@handler()
async def accepts_badly_first(request: WebSocketRequest, notes: Notes) -> None:
    """Try headers that can't be sent, then accept."""
    ws = request.web_socket
    for headers in (
        [("a b", "1")],
        [("", "1")],
        [("x-a", "1\r\nx-evil: 1")],
        [("x-a", "1\n")],
        [("x-a", "\0")],
        [("x-a", "\u20ac")],
        [("Sec-WebSocket-Accept", "1")],
        [("connection", "close")],
    ):
        try:
            await ws.accept(headers=headers)
        except ValueError:
            notes.append("ValueError")
    await ws.accept()
    await ws.send("open")


@handler()
async def accepts_the_unoffered_first(request: WebSocketRequest, notes: Notes) -> None:
    """Try a subprotocol that isn't offered, then none."""
    try:
        await request.web_socket.accept("z")
    except ValueError:
        notes.append("ValueError")
    await request.web_socket.accept()
    await request.web_socket.send("open")


@handler()
async def accepts_twice(request: WebSocketRequest, notes: Notes) -> None:
    """Accept twice."""
    await request.web_socket.accept()
    try:
        await request.web_socket.accept()
    except InvalidState:
        notes.append("InvalidState")
    await request.web_socket.send("open")


@handler()
async def accepts_in_two_tasks(request: WebSocketRequest, notes: Notes) -> None:
    """Accept twice at once."""

    async def accept() -> None:
        try:
            await request.web_socket.accept()
        except InvalidState:
            notes.append("InvalidState")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(accept)
        tasks.start_soon(accept)
    await request.web_socket.send("open")


@handler()
async def hurries(request: WebSocketRequest, notes: Notes) -> None:
    """Send and receive before accept."""
    ws = request.web_socket
    try:
        await ws.send("early")
    except InvalidState:
        notes.append("send")
    try:
        await ws.receive()
    except InvalidState:
        notes.append("receive")
    await ws.accept()
    await ws.send("open")


@handler()
async def sends_at_once(request: WebSocketRequest, notes: Notes) -> None:
    """Send right after accept."""
    await request.web_socket.accept()
    await request.web_socket.send("first")


@handler()
async def answers_nothing(request: WebSocketRequest, notes: Notes) -> None:
    """Return without an answer."""


@handler()
async def fails_first(request: WebSocketRequest, notes: Notes) -> None:
    """Raise before answering."""
    raise LookupError("before accept")


@handler()
async def accepts_late(request: WebSocketRequest, notes: Notes) -> None:
    """Accept after the peer has left."""
    ws = request.web_socket
    await notes.gate()
    try:
        await ws.accept()
    except ConnectionClosed as closed:
        notes.append(closed.code)
    notes += [await ws.receive(), ws.code]


@case("H2")
def test_opens(connect: Connect) -> None:
    """Accept answers with 101 and the accept token, or with 200 over HTTP/2, and with no subprotocol."""
    peer = connect(until_the_end)
    peer.expect_open()
    if peer.response.header("sec-websocket-protocol"):
        raise Mismatch("no subprotocol", peer.response.headers)


@case("H2", requires="accept_subprotocol")
def test_subprotocol(connect: Connect) -> None:
    """The response has the subprotocol that the handler chooses."""
    peer = connect(chooses_the_last, headers=[("sec-websocket-protocol", "a, b")])
    peer.expect_header("sec-websocket-protocol", "b")


@case("H2", requires=("all_subprotocol_lines", "accept_subprotocol"))
def test_subprotocol_of_the_first_line(connect: Connect) -> None:
    """The handler can choose a subprotocol from any header line, not only from the last."""
    lines = [("sec-websocket-protocol", "a"), ("sec-websocket-protocol", "b")]
    peer = connect(chooses_the_first, headers=lines)
    peer.expect_header("sec-websocket-protocol", "a")


@case("H2")
def test_unoffered_subprotocol(connect: Connect) -> None:
    """A subprotocol that wasn't offered raises ValueError, and the handler can still accept."""
    peer = connect(accepts_the_unoffered_first, headers=[("sec-websocket-protocol", "a, b")])
    peer.expect_text("open")
    peer.expect_notes("ValueError")


@case("H2", requires="over_http2")
def test_over_http2(connect: Connect) -> None:
    """A connection can also be opened over HTTP/2 (RFC 8441)."""
    connect(until_the_end, http2=True).expect_open()


@case("H2", requires="no_accept_key_over_http2")
def test_no_accept_key_over_http2(connect: Connect) -> None:
    """A response over HTTP/2 has no accept token (RFC 8441 section 5)."""
    peer = connect(until_the_end, http2=True)
    peer.expect_open()
    peer.expect_header("sec-websocket-accept")


@case("H2", requires="accept_headers")
def test_headers(connect: Connect) -> None:
    """The response has the headers of accept, duplicates included."""
    peer = connect(adds_headers)
    peer.expect_open()
    peer.expect_header("x-a", "1", "3")
    peer.expect_header("x-b", "2")


@case("H2")
def test_bad_headers(connect: Connect) -> None:
    """Headers that can't be sent raise ValueError, and the handler can still accept."""
    peer = connect(accepts_badly_first)
    peer.expect_open()
    peer.expect_text("open")
    peer.expect_notes(*["ValueError"] * 8)


@case("H2")
def test_accept_twice(connect: Connect) -> None:
    """A second accept raises InvalidState, and the connection stays open."""
    peer = connect(accepts_twice)
    peer.expect_text("open")
    peer.expect_notes("InvalidState")


@case("H2")
def test_two_accepts_at_once(connect: Connect) -> None:
    """Two tasks accept at once: one accept raises InvalidState, the other opens the connection."""
    peer = connect(accepts_in_two_tasks)
    peer.expect_text("open")
    peer.expect_notes("InvalidState")


@case("H2")
def test_before_accept(connect: Connect) -> None:
    """Sending and receiving before accept raise InvalidState, and the handler can still accept."""
    peer = connect(hurries)
    peer.expect_text("open")
    peer.expect_notes("send", "receive")


@case("H2")
def test_send_at_once(connect: Connect) -> None:
    """A message sent right after accept arrives."""
    connect(sends_at_once).expect_text("first")


@handler()
async def echoes_late(request: WebSocketRequest, notes: Notes) -> None:
    """Accept when the gate opens, and send every message back."""
    ws = request.web_socket
    await notes.gate()
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)


@case("M5", requires="early_message")
def test_message_behind_the_handshake(connect: Connect) -> None:
    """A message in the same packet as the handshake isn't lost."""
    peer = connect(echoes_late, behind=frame_bytes(Opcode.TEXT, b"early"), answer=False)
    peer.open_gate()
    peer.wait_for_answer()
    peer.expect_open()
    peer.expect_text("early")


@case("M5", requires="message_before_accept")
def test_message_before_accept(connect: Connect) -> None:
    """A message that arrives before accept isn't lost; the handler receives it first."""
    peer = connect(echoes_late, answer=False)
    peer.wait_until_started()
    peer.send_text("early")
    peer.open_gate()
    peer.wait_for_answer()
    peer.expect_open()
    peer.send_text("late")
    peer.expect_text("early")
    peer.expect_text("late")


@case("H2", requires="malformed_extension_offer")
def test_malformed_extension_offer(connect: Connect) -> None:
    """The server declines permessage-deflate with invalid parameters."""
    offer = "permessage-deflate; client_max_window_bits=many"
    peer = connect(echo, headers=[("sec-websocket-extensions", offer)])
    peer.expect_open()
    peer.expect_header("sec-websocket-extensions")
    peer.send_text("a")
    peer.expect_text("a")


@case("H4", requires="no_answer")
def test_no_answer(connect: Connect) -> None:
    """A handler that returns without an answer gives 500, and nothing follows the response."""
    peer = connect(answers_nothing)
    peer.expect_status(500)
    if peer.hears_something(within=0.2):
        raise Mismatch("nothing behind the answer", "something")
    peer.expect_code(1006)


@case("H4")
def test_raises_first(connect: Connect) -> None:
    """A handler that raises without an answer gives 500, and the server gets the exception."""
    peer = connect(fails_first)
    peer.expect_status(500)
    peer.expect_raised("LookupError: before accept")


@case("H5", requires="loss_before_accept")
def test_peer_left_before_accept(connect: Connect) -> None:
    """After the peer has left, accept raises ConnectionClosed with 1006 and receive gives None."""
    peer = connect(accepts_late, answer=False)
    peer.wait_until_started()
    peer.abort()
    peer.open_gate()
    peer.expect_notes(1006, None, 1006)
