"""N3: accepting a connection."""

import anyio

from anysocket_matrix.case import ASGICall, asgi_app, case
from anysocket_matrix.conformance.asgi.script import (
    CONNECT,
    GATE,
    OPEN,
    RECEIVE,
    SENT,
    accept,
    attempt,
    disconnect,
    script,
    send,
)
from anysocket_matrix.conformance.case_peer import CasePeer, Connect
from anysocket_matrix.peer.peer import Mismatch

OFFER = [("sec-websocket-protocol", "a, b")]


@asgi_app()
async def accepts_at_once(asgi: ASGICall) -> None:
    """Accept without having received anything."""
    await asgi.send(accept())
    asgi.notes.append(await asgi.receive())
    await asgi.send(send(text="open"))


@asgi_app()
async def accepts_in_two_tasks(asgi: ASGICall) -> None:
    """Accept twice at once."""
    await asgi.receive()

    async def answer() -> None:
        asgi.notes.append(await attempt(asgi.send(accept())))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(answer)
        tasks.start_soon(answer)
    await asgi.send(send(text="open"))


@asgi_app()
async def accepts_with_iterators(asgi: ASGICall) -> None:
    """Give header lines as an iterator of lists."""
    await asgi.receive()
    lines = iter([[b"x-a", b"1"], [b"x-a", b"2"]])
    asgi.notes.append(await attempt(asgi.send(accept(headers=lines))))


def expect_still_open(peer: CasePeer) -> None:
    """Expect that the connection is open, and has sent a message."""
    peer.expect_open()
    peer.expect_text("open")


@case("N3")
def test_accept(connect: Connect) -> None:
    """Accept opens the connection, with no subprotocol and no extension in the response."""
    peer = connect(script(RECEIVE, accept(), send(text="open")))
    expect_still_open(peer)
    peer.expect_header("sec-websocket-protocol")
    peer.expect_header("sec-websocket-extensions")


@case("N3")
def test_with_every_field(connect: Connect) -> None:
    """Accept takes a subprotocol of None and an empty list of headers like missing fields."""
    peer = connect(script(RECEIVE, accept(subprotocol=None, headers=[]), send(text="open")), headers=OFFER)
    expect_still_open(peer)
    peer.expect_header("sec-websocket-protocol")


@case("N3")
def test_unknown_fields(connect: Connect) -> None:
    """Accept and send ignore fields that the specification doesn't know."""
    peer = connect(script(RECEIVE, accept(more="x", headers=None), send(text="open", more=1)))
    expect_still_open(peer)
    peer.expect_notes(CONNECT, SENT, SENT)


@case("N3")
def test_before_receive(connect: Connect) -> None:
    """An application may accept before it receives websocket.connect, which is still the first event."""
    peer = connect(accepts_at_once)
    expect_still_open(peer)
    peer.expect_notes(CONNECT)


@case("N3", requires="accept_subprotocol")
def test_subprotocol(connect: Connect) -> None:
    """The response has the subprotocol that the application chooses."""
    peer = connect(script(RECEIVE, accept(subprotocol="b"), send(text="open")), headers=OFFER)
    expect_still_open(peer)
    peer.expect_header("sec-websocket-protocol", "b")


@case("N3", requires=("all_subprotocol_lines", "accept_subprotocol"))
def test_subprotocol_of_the_first_line(connect: Connect) -> None:
    """The application can choose a subprotocol from any header line, not only from the last."""
    lines = [("sec-websocket-protocol", "a"), ("sec-websocket-protocol", "b")]
    peer = connect(script(RECEIVE, accept(subprotocol="a"), send(text="open")), headers=lines)
    expect_still_open(peer)
    peer.expect_header("sec-websocket-protocol", "a")


@case("N3")
def test_unoffered_subprotocol(connect: Connect) -> None:
    """A subprotocol that wasn't offered raises ValueError, and the application can still accept."""
    peer = connect(script(RECEIVE, accept(subprotocol="z"), accept(), send(text="open")), headers=OFFER)
    expect_still_open(peer)
    peer.expect_header("sec-websocket-protocol")
    peer.expect_notes(CONNECT, "ValueError", SENT, SENT)


@case("N3")
def test_subprotocol_without_an_offer(connect: Connect) -> None:
    """A subprotocol raises ValueError when the peer offered none (RFC 6455 section 4.2.2)."""
    peer = connect(script(RECEIVE, accept(subprotocol="a"), accept(), send(text="open")))
    expect_still_open(peer)
    peer.expect_notes(CONNECT, "ValueError", SENT, SENT)


@case("N3")
def test_subprotocol_of_a_wrong_type(connect: Connect) -> None:
    """A subprotocol that isn't a str raises TypeError."""
    wrong = [accept(subprotocol=value) for value in (b"a", 1, ["a"], True)]
    peer = connect(script(RECEIVE, *wrong, accept(), send(text="open")), headers=OFFER)
    expect_still_open(peer)
    peer.expect_notes(CONNECT, *["TypeError"] * 4, SENT, SENT)


@case("N3", requires="accept_headers")
def test_headers(connect: Connect) -> None:
    """The response has the headers of accept: duplicates, Set-Cookie, names in any case, any ISO-8859-1."""
    headers = [
        (b"x-a", b"1"),
        (b"set-cookie", b"a=1"),
        (b"X-B", b"caf\xe9"),
        (b"x-a", b"2"),
        (b"set-cookie", b"b=2"),
        (b"x-c", b""),
    ]
    peer = connect(script(RECEIVE, accept(headers=headers), send(text="open")))
    expect_still_open(peer)
    peer.expect_header("x-a", "1", "2")
    peer.expect_header("set-cookie", "a=1", "b=2")
    peer.expect_header("x-b", "caf\xe9")
    peer.expect_header("x-c", "")


@case("N3", requires="accept_headers")
def test_headers_from_an_iterator(connect: Connect) -> None:
    """Accept takes its headers from any iterable of pairs."""
    peer = connect(accepts_with_iterators)
    peer.expect_header("x-a", "1", "2")
    peer.expect_notes(SENT)


@case("N3")
def test_headers_open_everywhere(connect: Connect) -> None:
    """Accept with headers opens the connection on every server, without them where it can't send them."""
    peer = connect(script(RECEIVE, accept(headers=[(b"x-a", b"1")]), send(text="open")))
    expect_still_open(peer)
    peer.expect_notes(CONNECT, SENT, SENT)


@case("N3")
def test_header_injection(connect: Connect) -> None:
    """CR, LF or NUL in a header of accept raises ValueError, and nothing of it is sent."""
    lines = [(b"x-a", b"1\r\nx-evil: 1"), (b"x-a", b"1\n"), (b"x-a", b"\0"), (b"x-a\r\nx-evil", b"1")]
    wrong = [accept(headers=[line]) for line in lines]
    peer = connect(script(RECEIVE, *wrong, accept(), send(text="open")))
    expect_still_open(peer)
    peer.expect_header("x-evil")
    peer.expect_notes(CONNECT, *["ValueError"] * 4, SENT, SENT)


@case("N3")
def test_header_names(connect: Connect) -> None:
    """A header name that isn't a token raises ValueError."""
    wrong = [accept(headers=[(name, b"1")]) for name in (b"", b"a b", b":path", b"caf\xe9", b"a:")]
    peer = connect(script(RECEIVE, *wrong, accept(), send(text="open")))
    expect_still_open(peer)
    peer.expect_notes(CONNECT, *["ValueError"] * 5, SENT, SENT)


@case("N3")
def test_headers_of_the_handshake(connect: Connect) -> None:
    """Headers that belong to the handshake raise ValueError; the subprotocol has its own field."""
    names = [b"sec-websocket-protocol", b"Sec-WebSocket-Accept", b"connection", b"transfer-encoding"]
    wrong = [accept(headers=[(name, b"a")]) for name in names]
    peer = connect(script(RECEIVE, *wrong, accept(), send(text="open")), headers=OFFER)
    expect_still_open(peer)
    peer.expect_header("sec-websocket-protocol")
    peer.expect_notes(CONNECT, *["ValueError"] * len(names), SENT, SENT)


@case("N3")
def test_headers_of_wrong_types(connect: Connect) -> None:
    """Headers that aren't pairs of bytes raise TypeError."""
    wrong = [[("x-a", "1")], [(b"x-a", "1")], [(b"x-a",)], [b"x-a"], [1], 5, [None]]
    peer = connect(script(RECEIVE, *[accept(headers=each) for each in wrong], accept(), send(text="open")))
    expect_still_open(peer)
    peer.expect_notes(CONNECT, *["TypeError"] * len(wrong), SENT, SENT)


@case("N3")
def test_accept_twice(connect: Connect) -> None:
    """A second accept raises RuntimeError, and the connection stays open."""
    peer = connect(script(OPEN, accept(), send(text="open")))
    expect_still_open(peer)
    peer.expect_notes("RuntimeError", SENT)


@case("N3")
def test_two_accepts_at_once(connect: Connect) -> None:
    """Two tasks accept at once: one accept raises RuntimeError, the other opens the connection."""
    peer = connect(accepts_in_two_tasks)
    expect_still_open(peer)
    notes = peer.record().notes
    if sorted(map(str, notes)) != ["RuntimeError", SENT]:
        raise Mismatch("one accept that succeeds", notes)


@case("N3")
def test_send_before_accept(connect: Connect) -> None:
    """Sending before accept raises RuntimeError and sends nothing; the application can still accept."""
    peer = connect(script(RECEIVE, send(text="early"), send(bytes=b"early"), accept(), send(text="open")))
    expect_still_open(peer)
    peer.expect_notes(CONNECT, "RuntimeError", "RuntimeError", SENT, SENT)


@case("N3")
def test_send_at_once(connect: Connect) -> None:
    """Messages sent right after accept arrive, in order."""
    peer = connect(script(RECEIVE, accept(), *[send(text=str(number)) for number in range(20)]))
    peer.expect_open()
    for number in range(20):
        peer.expect_text(str(number))


@case("N3", requires="disconnect_before_accept")
def test_peer_that_left(connect: Connect) -> None:
    """After the peer has left, accept and send raise OSError, every time."""
    peer = connect(script(RECEIVE, GATE, RECEIVE, accept(), accept(), send(text="a")), answer=False)
    peer.wait_until_started()
    peer.abort()
    peer.open_gate()
    peer.expect_notes(CONNECT, disconnect(1006), "OSError", "OSError", "OSError")


@case("N3", requires="loss_before_accept")
def test_peer_that_left_unseen(connect: Connect) -> None:
    """Accept raises OSError after the peer has left, even before the application receives the disconnect."""
    peer = connect(script(RECEIVE, GATE, accept(), RECEIVE), answer=False)
    peer.wait_until_started()
    peer.abort()
    peer.wait_for_a_note()
    peer.open_gate()
    peer.expect_notes(CONNECT, "OSError", disconnect(1006))
