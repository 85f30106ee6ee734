"""N3: denying a connection."""

import anyio

from anysocket_matrix.case import ASGICall, asgi_app, case
from anysocket_matrix.conformance.asgi.script import (
    CONNECT,
    OPEN,
    RECEIVE,
    SENT,
    accept,
    attempt,
    body,
    close,
    script,
    send,
    start,
)
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.peer.peer import Mismatch

LONG = 300_000


@asgi_app()
async def sends_a_bytearray(asgi: ASGICall) -> None:
    """Deny with a body that is a bytearray, then with bytes."""
    await asgi.receive()
    await asgi.send(start(status=403))
    asgi.notes.append(await attempt(asgi.send(body(body=bytearray(b"body")))))
    await asgi.send(body(body=b"body"))


@asgi_app()
async def sends_chunk_by_chunk(asgi: ASGICall) -> None:
    """Deny with a body in chunks, with pauses between them."""
    await asgi.receive()
    await asgi.send(start(status=403, headers=[]))
    for chunk in (b"a", b"b", b"c"):
        await asgi.send(body(body=chunk, more_body=True))
        await anyio.sleep(0.05)
    await asgi.send(body(body=b""))


@asgi_app()
async def sends_a_long_body(asgi: ASGICall) -> None:
    """Deny with a body in many chunks."""
    await asgi.receive()
    await asgi.send(start(status=403))
    for _ in range(LONG // 1000):
        await asgi.send(body(body=b"x" * 1000, more_body=True))
    await asgi.send(body())


@case("N3", requires="denial_without_upgrade_headers")
def test_denial_without_upgrade_headers(connect: Connect) -> None:
    """A denial has no header that opens a connection (RFC 6455 section 4.2.2)."""
    for answer in ([close()], [start(status=401), body(body=b"no")], []):
        peer = connect(script(RECEIVE, *answer))
        peer.expect_header("sec-websocket-accept")
        peer.expect_header("upgrade")


@case("N3")
def test_close(connect: Connect) -> None:
    """Close before accept gives 403 with an empty body."""
    peer = connect(script(RECEIVE, close()))
    peer.expect_status(403)
    peer.expect_body(b"")
    peer.expect_notes(CONNECT, SENT)


@case("N3")
def test_close_with_fields(connect: Connect) -> None:
    """Close before accept gives 403 with any code and reason, and neither is sent."""
    for fields in ({"code": 4001, "reason": "no"}, {"code": 1006}, {"code": None}, {"reason": "x" * 200}):
        peer = connect(script(RECEIVE, close(**fields)))
        peer.expect_status(403)
        peer.expect_body(b"")
        peer.expect_notes(CONNECT, SENT)


@case("N3")
def test_nothing_after_close(connect: Connect) -> None:
    """Every event after a close before accept raises RuntimeError."""
    peer = connect(script(RECEIVE, close(), accept(), close(), send(text="a"), start(status=401), body()))
    peer.expect_status(403)
    peer.expect_notes(CONNECT, SENT, *["RuntimeError"] * 5)


@case("N3", requires="denial_response")
def test_response(connect: Connect) -> None:
    """A denial response reaches the peer with its status, headers, body and content-length."""
    headers = [(b"content-type", b"text/plain"), (b"WWW-Authenticate", b"Basic"), (b"x-a", b"")]
    peer = connect(script(RECEIVE, start(status=401, headers=headers), body(body=b"log in")))
    peer.expect_status(401)
    peer.expect_header("content-type", "text/plain")
    peer.expect_header("www-authenticate", "Basic")
    peer.expect_header("x-a", "")
    peer.expect_header("content-length", "6")
    peer.expect_body(b"log in")
    peer.expect_notes(CONNECT, SENT, SENT)


@case("N3", requires="denial_response")
def test_chunks(connect: Connect) -> None:
    """A denial response's body in chunks arrives whole."""
    chunks = [body(body=chunk, more_body=True) for chunk in (b"a", b"", b"b")]
    peer = connect(script(RECEIVE, start(status=403), *chunks, body(body=b"c", more_body=False)))
    peer.expect_status(403)
    peer.expect_body(b"abc")
    peer.expect_notes(CONNECT, *[SENT] * 5)


@case("N3", requires="denial_response")
def test_chunks_over_time(connect: Connect) -> None:
    """A denial response's body in chunks arrives whole when there are pauses between them."""
    peer = connect(sends_chunk_by_chunk)
    peer.expect_status(403)
    peer.expect_body(b"abc")


@case("N3", requires="denial_response")
def test_long_body(connect: Connect) -> None:
    """A denial response's long body arrives whole."""
    peer = connect(sends_a_long_body)
    peer.expect_body(b"x" * LONG)


@case("N3")
def test_empty_body(connect: Connect) -> None:
    """A denial response's body that is missing, None or empty arrives empty."""
    for last in (body(), body(body=b""), body(body=None)):
        peer = connect(script(RECEIVE, start(status=404), last))
        peer.expect_status(404)
        peer.expect_body(b"")
        peer.expect_notes(CONNECT, SENT, SENT)


@case("N3", requires="denial_response")
def test_headers_left_out(connect: Connect) -> None:
    """A denial response's headers may be missing, None or empty."""
    for first in (start(status=403), start(status=403, headers=None), start(status=403, headers=[])):
        peer = connect(script(RECEIVE, first, body(body=b"no")))
        peer.expect_status(403)
        peer.expect_body(b"no")


@case("N3", requires="denial_response")
def test_statuses(connect: Connect) -> None:
    """A denial response can have every status that refuses a request."""
    for status in (302, 400, 401, 403, 404, 426, 429, 500, 503):
        peer = connect(script(RECEIVE, start(status=status), body(body=b"x")))
        peer.expect_status(status)
        peer.expect_body(b"x")


@case("N3", requires="denial_response")
def test_success(connect: Connect) -> None:
    """A denial response of 200 is sent over HTTP/1.1; over HTTP/2 it would accept and raises ValueError."""
    peer = connect(script(RECEIVE, start(status=200), body(body=b"x")))
    if peer.http_version == "2":
        peer.expect_status(500)
        peer.expect_notes(CONNECT, "ValueError", "RuntimeError")
    else:
        peer.expect_status(200)
        peer.expect_body(b"x")
        peer.expect_notes(CONNECT, SENT, SENT)


@case("N3", requires="denial_unnamed_status")
def test_unnamed_status(connect: Connect) -> None:
    """A denial response with a status that the RFCs don't name reaches the peer."""
    peer = connect(script(RECEIVE, start(status=499), body()))
    peer.expect_status(499)


@case("N3", requires="denial_response")
def test_redirect(connect: Connect) -> None:
    """A denial response that redirects reaches the peer with its location."""
    peer = connect(script(RECEIVE, start(status=307, headers=[(b"location", b"/a?b")]), body()))
    peer.expect_status(307)
    peer.expect_header("location", "/a?b")


@case("N3", requires="denial_header_duplicates")
def test_repeated_header(connect: Connect) -> None:
    """A denial response's repeated header arrives twice, or combined (RFC 9110 section 5.3)."""
    headers = [(b"www-authenticate", b"Basic"), (b"www-authenticate", b"Bearer")]
    peer = connect(script(RECEIVE, start(status=401, headers=headers), body()))
    seen = peer.response.header("www-authenticate")
    if ", ".join(seen) != "Basic, Bearer":
        raise Mismatch("Basic and Bearer", seen)


@case("N3", requires="denial_cookies")
def test_two_cookies(connect: Connect) -> None:
    """A denial response's two Set-Cookie headers, which can't be combined, both arrive."""
    headers = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    peer = connect(script(RECEIVE, start(status=403, headers=headers), body()))
    peer.expect_header("set-cookie", "a=1", "b=2")


@case("N3")
def test_cookies_are_no_obstacle(connect: Connect) -> None:
    """A denial response is a 403 at least, also on a server that can't send its headers and body."""
    headers = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    peer = connect(script(RECEIVE, start(status=403, headers=headers), body(body=b"no")))
    peer.expect_status(403)
    peer.expect_notes(CONNECT, SENT, SENT)


@case("N3", requires="denial_latin1_headers")
def test_latin1_header(connect: Connect) -> None:
    """A denial response's header value beyond ASCII arrives unchanged."""
    peer = connect(script(RECEIVE, start(status=403, headers=[(b"x-a", b"caf\xe9")]), body()))
    peer.expect_header("x-a", "caf\xe9")


@case("N3", requires="denial_response")
def test_own_length(connect: Connect) -> None:
    """A denial response's correct content-length is sent once."""
    headers = [(b"content-length", b"2")]
    peer = connect(script(RECEIVE, start(status=403, headers=headers), body(body=b"no")))
    peer.expect_header("content-length", "2")
    peer.expect_body(b"no")


@case("N3")
def test_wrong_length(connect: Connect) -> None:
    """A denial response's wrong content-length raises ValueError; the peer gets 500 in the end."""
    headers = [(b"content-length", b"5")]
    peer = connect(script(RECEIVE, start(status=403, headers=headers), body(body=b"no")))
    peer.expect_status(500)
    peer.expect_notes(CONNECT, SENT, "ValueError")


@case("N3")
def test_wrong_statuses(connect: Connect) -> None:
    """A denial status outside 200 to 599 raises ValueError, and the application can still accept."""
    wrong = [start(status=status) for status in (0, 99, 101, 199, 600, -1)]
    peer = connect(script(RECEIVE, *wrong, accept(), send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(CONNECT, *["ValueError"] * len(wrong), SENT, SENT)


@case("N3")
def test_statuses_of_wrong_types(connect: Connect) -> None:
    """A denial status that is missing or isn't an int raises TypeError."""
    wrong = [start(), *(start(status=status) for status in ("403", None, 403.0, True, b"403"))]
    peer = connect(script(RECEIVE, *wrong, accept(), send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(CONNECT, *["TypeError"] * len(wrong), SENT, SENT)


@case("N3")
def test_wrong_headers(connect: Connect) -> None:
    """Denial headers that can't be sent raise ValueError or TypeError, like the headers of accept."""
    injection, strings = [(b"x-a", b"1\r\nx-evil: 1")], [("x-a", "1")]
    wrong = [start(status=403, headers=headers) for headers in (injection, [(b"a b", b"1")], strings)]
    peer = connect(script(RECEIVE, *wrong, accept(), send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(CONNECT, "ValueError", "ValueError", "TypeError", SENT, SENT)


@case("N3", requires="denial_response")
def test_body_of_a_wrong_type(connect: Connect) -> None:
    """A denial body that isn't bytes raises TypeError, and a valid body may follow."""
    wrong = [body(body=each) for each in ("no", 3, [b"no"])]
    peer = connect(script(RECEIVE, start(status=403), *wrong, body(body=b"no")))
    peer.expect_status(403)
    peer.expect_body(b"no")
    peer.expect_notes(CONNECT, SENT, *["TypeError"] * 3, SENT)


@case("N3", requires="denial_response")
def test_bytearray(connect: Connect) -> None:
    """A denial body that is a bytearray raises TypeError, and a valid body may follow."""
    peer = connect(sends_a_bytearray)
    peer.expect_body(b"body")
    peer.expect_notes("TypeError")


@case("N3")
def test_body_first(connect: Connect) -> None:
    """A denial body before the start raises RuntimeError, and the application can still accept."""
    peer = connect(script(RECEIVE, body(body=b"no"), accept(), send(text="open")))
    peer.expect_text("open")
    peer.expect_notes(CONNECT, "RuntimeError", SENT, SENT)


@case("N3")
def test_start_twice(connect: Connect) -> None:
    """A second start of a denial response raises RuntimeError; the first one counts."""
    peer = connect(script(RECEIVE, start(status=401), start(status=404), body(body=b"no")))
    peer.expect_status(401)
    peer.expect_notes(CONNECT, SENT, "RuntimeError", SENT)


@case("N3", requires="denial_response")
def test_nothing_else_within_a_response(connect: Connect) -> None:
    """Other events between a denial response's start and the end of its body raise RuntimeError."""
    others = [accept(), close(), send(text="a")]
    peer = connect(
        script(RECEIVE, start(status=401), *others, body(body=b"n", more_body=True), *others, body(body=b"o"))
    )
    peer.expect_status(401)
    peer.expect_body(b"no")
    peer.expect_notes(CONNECT, SENT, *["RuntimeError"] * 3, SENT, *["RuntimeError"] * 3, SENT)


@case("N3", requires="denial_response")
def test_nothing_after_a_response(connect: Connect) -> None:
    """Every event after a complete denial response raises RuntimeError."""
    after = [body(body=b"more"), accept(), close(), send(text="a"), start(status=404)]
    peer = connect(script(RECEIVE, start(status=401), body(body=b"no"), *after))
    peer.expect_status(401)
    peer.expect_body(b"no")
    peer.expect_notes(CONNECT, SENT, SENT, *["RuntimeError"] * 5)


@case("N3")
def test_response_after_accept(connect: Connect) -> None:
    """A denial response on an open connection raises RuntimeError, and the connection stays open."""
    peer = connect(script(OPEN, start(status=403), body(body=b"no"), send(text="open")))
    peer.expect_text("open")
    peer.expect_notes("RuntimeError", "RuntimeError", SENT)


@case("N3")
def test_status_without_a_body(connect: Connect) -> None:
    """A denial response with a status that has no body is sent without one (RFC 9110 section 6.4.1)."""
    peer = connect(script(RECEIVE, start(status=304), body()))
    peer.expect_status(304)
    peer.expect_body(b"")
    peer.expect_notes(CONNECT, SENT, SENT)
