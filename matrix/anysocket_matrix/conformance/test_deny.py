"""H3: refusing a connection."""

from anysocket import InvalidState, WebSocketRequest
from anysocket_matrix.case import Notes, case, handler
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.conformance.handlers import echo
from anysocket_matrix.peer.peer import Mismatch


@handler()
async def denies(request: WebSocketRequest, notes: Notes) -> None:
    """Deny without arguments."""
    await request.deny()
    notes.append(request.web_socket.code)


@handler()
async def denies_with_a_body(request: WebSocketRequest, notes: Notes) -> None:
    """Deny with a status, headers and a body."""
    await request.deny(401, [("www-authenticate", "Basic"), (b"X-A", b"1")], "log in, é")


@handler()
async def redirects(request: WebSocketRequest, notes: Notes) -> None:
    """Deny with a redirect."""
    await request.deny(307, [("location", "/elsewhere")])


@handler()
async def is_busy(request: WebSocketRequest, notes: Notes) -> None:
    """Deny with a server error."""
    await request.deny(503, [("retry-after", "10")], b"\x00\xff")


@handler()
async def denies_strangely(request: WebSocketRequest, notes: Notes) -> None:
    """Deny with a status that has no name."""
    await request.deny(499)


@handler()
async def challenges_twice(request: WebSocketRequest, notes: Notes) -> None:
    """Deny with two lines of a header that can be combined."""
    await request.deny(401, [("www-authenticate", "Basic"), ("www-authenticate", "Bearer")])


@handler()
async def sets_cookies(request: WebSocketRequest, notes: Notes) -> None:
    """Deny with two lines of Set-Cookie, which can't be combined."""
    await request.deny(403, [("set-cookie", "a=1"), ("set-cookie", "b=2")])


@handler()
async def denies_at_length(request: WebSocketRequest, notes: Notes) -> None:
    """Deny with a long body."""
    await request.deny(400, body=b"x" * 300_000)


@handler()
async def closes_first(request: WebSocketRequest, notes: Notes) -> None:
    """Close instead of answering."""
    await request.web_socket.close(4000, "no")
    notes += [request.web_socket.code, await request.web_socket.receive()]


@handler()
async def closes_first_as_told(request: WebSocketRequest, notes: Notes) -> None:
    """Close instead of answering, with the code in the query."""
    try:
        await request.web_socket.close(int(request.query["code"]))
    except ValueError:
        await request.web_socket.accept()
        await request.web_socket.send("open")


@handler()
async def denies_badly_first(request: WebSocketRequest, notes: Notes) -> None:
    """Try denials that can't be sent, then accept."""
    for status in (101, 200, 299, 600):
        try:
            await request.deny(status)
        except ValueError:
            notes.append(status)
    try:
        await request.deny(403, [("x-a", "1\r\n")])
    except ValueError:
        notes.append("header")
    await request.web_socket.accept()
    await request.web_socket.send("open")


@handler()
async def denies_late(request: WebSocketRequest, notes: Notes) -> None:
    """Deny after accept."""
    await request.web_socket.accept()
    try:
        await request.deny()
    except InvalidState:
        notes.append("InvalidState")
    await request.web_socket.send("open")


@handler()
async def accepts_after_deny(request: WebSocketRequest, notes: Notes) -> None:
    """Accept after deny, and deny again."""
    await request.deny(404)
    for answer in (request.web_socket.accept, request.deny):
        try:
            await answer()
        except InvalidState:
            notes.append("InvalidState")


@case("H3")
def test_default(connect: Connect) -> None:
    """Deny without arguments gives 403 with an empty body, and the handler's code is 1006."""
    peer = connect(denies)
    peer.expect_status(403)
    peer.expect_body(b"")
    peer.expect_notes(1006)


@case("H3", requires="denial_without_upgrade_headers")
def test_no_trace_of_an_upgrade(connect: Connect) -> None:
    """A denial has no header that opens a connection (RFC 6455 section 4.2.2)."""
    peer = connect(denies)
    peer.expect_header("sec-websocket-accept")
    peer.expect_header("upgrade")
    if "upgrade" in ",".join(peer.response.header("connection")).lower():
        raise Mismatch("no upgrade", peer.response.headers)


@case("H3")
def test_close_first(connect: Connect) -> None:
    """Close before accept gives 403, and the handler's code is 1006."""
    peer = connect(closes_first)
    peer.expect_status(403)
    peer.expect_notes(1006, None)


@case("H3")
def test_close_first_with_any_code(connect: Connect) -> None:
    """Close before accept gives 403 with any valid code; an invalid code raises ValueError."""
    for code in (1000, 1001, 1008, 1014, 3000, 4999):
        connect(closes_first_as_told, f"/?code={code}").expect_status(403)
    for code in (-1, 0, 200, 999, 1005, 5000, 70000):
        connect(closes_first_as_told, f"/?code={code}").expect_text("open")


@case("H3", requires="denial_response")
def test_body(connect: Connect) -> None:
    """The status, headers and text body of a denial reach the peer."""
    peer = connect(denies_with_a_body)
    peer.expect_status(401)
    peer.expect_header("www-authenticate", "Basic")
    peer.expect_header("x-a", "1")
    peer.expect_header("content-type", "text/plain; charset=utf-8")
    peer.expect_body("log in, é".encode())


@handler()
async def denies_in_latin1(request: WebSocketRequest, notes: Notes) -> None:
    """Deny with a header beyond ASCII."""
    await request.deny(403, [("x-a", "caf\xe9")])


@case("H3", requires="denial_latin1_headers")
def test_latin1_header(connect: Connect) -> None:
    """A denial's header beyond ASCII reaches the peer as ISO-8859-1."""
    peer = connect(denies_in_latin1)
    peer.expect_status(403)
    peer.expect_header("x-a", "caf\xe9")


@case("H3", requires="denial_response")
def test_redirect(connect: Connect) -> None:
    """A denial that redirects reaches the peer with its location."""
    peer = connect(redirects)
    peer.expect_status(307)
    peer.expect_header("location", "/elsewhere")


@case("H3", requires="denial_response")
def test_server_error(connect: Connect) -> None:
    """A denial with a server error and a binary body reaches the peer."""
    peer = connect(is_busy)
    peer.expect_status(503)
    peer.expect_header("retry-after", "10")
    peer.expect_body(b"\x00\xff")


@case("H3", requires="denial_unnamed_status")
def test_unnamed_status(connect: Connect) -> None:
    """A denial with a status that the RFCs don't name reaches the peer."""
    peer = connect(denies_strangely)
    peer.expect_status(499)


@case("H3", requires="denial_response")
def test_long_body(connect: Connect) -> None:
    """A denial's long body arrives whole."""
    peer = connect(denies_at_length)
    peer.expect_status(400)
    peer.expect_body(b"x" * 300_000)


@case("H3", requires="denial_header_duplicates")
def test_repeated_header(connect: Connect) -> None:
    """A denial's repeated header arrives twice, or combined (RFC 9110 section 5.3)."""
    peer = connect(challenges_twice)
    peer.expect_status(401)
    seen = peer.response.header("www-authenticate")
    if ", ".join(seen) != "Basic, Bearer":
        raise Mismatch("Basic and Bearer", seen)


@case("H3", requires="denial_cookies")
def test_two_cookies(connect: Connect) -> None:
    """A denial's two Set-Cookie headers, which can't be combined, both arrive."""
    peer = connect(sets_cookies)
    peer.expect_status(403)
    peer.expect_header("set-cookie", "a=1", "b=2")


@case("H3")
def test_bad_denials(connect: Connect) -> None:
    """A denial that can't be sent raises ValueError, and the handler can still accept."""
    peer = connect(denies_badly_first)
    peer.expect_text("open")
    peer.expect_notes(101, 200, 299, 600, "header")


@case("H3")
def test_deny_after_accept(connect: Connect) -> None:
    """Deny after accept raises InvalidState, and the connection stays open."""
    peer = connect(denies_late)
    peer.expect_text("open")
    peer.expect_notes("InvalidState")


@case("H3", requires="denial_status")
def test_answer_after_deny(connect: Connect) -> None:
    """Accept and deny raise InvalidState after deny."""
    peer = connect(accepts_after_deny)
    peer.expect_status(404)
    peer.expect_notes("InvalidState", "InvalidState")


@case("H3")
def test_data_behind_the_denial(connect: Connect) -> None:
    """Data that a denied peer still sends doesn't affect other connections on its TCP connection."""
    other = connect(echo)
    peer = connect(denies, beside=other)
    peer.send_text("late")
    peer.send_text("later")
    other.send_text("a")
    other.expect_text("a")
