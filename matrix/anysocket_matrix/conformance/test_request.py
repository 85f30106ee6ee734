"""H1: the handshake's request, as the handler sees it."""

from anysocket import WebSocketRequest
from anysocket_matrix.case import STATE, Notes, case, handler
from anysocket_matrix.conformance.app import ROOT_PATH
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.peer.peer import Mismatch


@handler()
async def tells_path(request: WebSocketRequest, notes: Notes) -> None:
    """Note the path in both forms."""
    notes += [request.path, request.raw_path]
    await request.deny()


@handler()
async def tells_last_segment(request: WebSocketRequest, notes: Notes) -> None:
    """Note the path and the last segment of the raw path."""
    notes += [request.path, request.raw_path.rpartition(b"/")[2]]
    await request.deny()


@handler()
async def tells_query(request: WebSocketRequest, notes: Notes) -> None:
    """Note the query."""
    notes += [[name, value] for name, value in request.query.pairs()]
    await request.deny()


@handler()
async def tells_headers(request: WebSocketRequest, notes: Notes) -> None:
    """Note the headers of the case: x-a and so on."""
    notes += [[name, value] for name, value in request.headers.pairs() if len(name) == 3]
    await request.deny()


@handler()
async def tells_one_header(request: WebSocketRequest, notes: Notes) -> None:
    """Note all values of one header."""
    notes += request.headers.get_all("X-A")
    await request.deny()


@handler()
async def tells_subprotocols(request: WebSocketRequest, notes: Notes) -> None:
    """Note the offered subprotocols."""
    notes += request.subprotocols
    await request.deny()


@handler()
async def tells_connection(request: WebSocketRequest, notes: Notes) -> None:
    """Note the scheme and the HTTP version."""
    notes += [request.scheme, request.http_version]
    await request.deny()


@handler()
async def tells_addresses(request: WebSocketRequest, notes: Notes) -> None:
    """Note both addresses."""
    notes += [list(address) if address else None for address in (request.client, request.server)]
    await request.deny()


@handler()
async def tells_state(request: WebSocketRequest, notes: Notes) -> None:
    """Note the state that the lifespan yields."""
    notes += [[name, value] for name, value in request.state.items()]
    await request.deny()


@case("H1", requires="path_below_root")
def test_path(connect: Connect) -> None:
    """The path is percent-decoded, the raw path isn't, and neither has the query."""
    peer = connect(tells_path, "/caf%C3%A9/a%20b?x=1")
    peer.expect_notes("/café/a b", b"/caf%C3%A9/a%20b")


@handler()
async def tells_root(request: WebSocketRequest, notes: Notes) -> None:
    """Note the root path."""
    notes.append(request.root_path)
    await request.deny()


@case("H1")
def test_root_path(connect: Connect) -> None:
    """The root path is the one that the server was started with, and neither form of the path has it."""
    connect(tells_root, "/a").expect_notes(ROOT_PATH)


@case("H1", requires="raw_path")
def test_encoded_slash(connect: Connect) -> None:
    """The raw path distinguishes an encoded slash from a slash."""
    peer = connect(tells_last_segment, "/a/b%2Fc")
    peer.expect_notes("/a/b/c", b"b%2Fc")


@case("H1", requires="path_parameters")
def test_semicolons(connect: Connect) -> None:
    """A semicolon is part of the path."""
    peer = connect(tells_last_segment, "/a;b=1/c;d=%20;e")
    peer.expect_notes("/a;b=1/c;d= ;e", b"c;d=%20;e")


@case("H1")
def test_query(connect: Connect) -> None:
    """Query parameters are decoded and in order, with duplicates and blank values."""
    peer = connect(tells_query, "/?b=2&a=1&b=%C3%A9+x&c=")
    peer.expect_notes(["b", "2"], ["a", "1"], ["b", "é x"], ["c", ""])


@case("H1")
def test_no_query(connect: Connect) -> None:
    """A request without a query has no query parameters."""
    connect(tells_query, "/").expect_notes()


@case("H1", requires="header_duplicates")
def test_header_duplicates(connect: Connect) -> None:
    """Header lines of one name are all kept, in order, whatever the case of the name."""
    peer = connect(tells_one_header, headers=[("X-A", "1"), ("x-b", "2"), ("x-A", "3")])
    peer.expect_notes("1", "3")


@case("H1", requires="header_order")
def test_header_order(connect: Connect) -> None:
    """Header lines of different names are in wire order."""
    peer = connect(tells_headers, headers=[("x-b", "1"), ("x-a", "2"), ("x-b", "3")])
    peer.expect_notes(["x-b", "1"], ["x-a", "2"], ["x-b", "3"])


@case("H1", requires="header_underscores")
def test_header_underscore(connect: Connect) -> None:
    """A header name may have an underscore (RFC 9110 section 5.6.2)."""
    peer = connect(tells_headers, headers=[("x_a", "1")])
    peer.expect_notes(["x_a", "1"])


@case("H1", requires="latin1_headers")
def test_header_latin1(connect: Connect) -> None:
    """A header value beyond ASCII is decoded as ISO-8859-1."""
    peer = connect(tells_one_header, headers=[("x-a", "caf\xe9")])
    peer.expect_notes("caf\xe9")


@case("H1")
def test_header_with_commas(connect: Connect) -> None:
    """A header value with commas is one value."""
    peer = connect(tells_one_header, headers=[("x-a", "1, 2")])
    peer.expect_notes("1, 2")


@case("H1")
def test_subprotocols_of_one_line(connect: Connect) -> None:
    """The subprotocols of one header line are all offered, in order."""
    peer = connect(tells_subprotocols, headers=[("sec-websocket-protocol", "b, a,c")])
    peer.expect_notes("b", "a", "c")


@case("H1", requires="all_subprotocol_lines")
def test_subprotocols_of_two_lines(connect: Connect) -> None:
    """The subprotocols of several header lines are all offered, in order."""
    lines = [("sec-websocket-protocol", "b, a"), ("sec-websocket-protocol", "c")]
    peer = connect(tells_subprotocols, headers=lines)
    peer.expect_notes("b", "a", "c")


@case("H1", requires="empty_subprotocols")
def test_subprotocols_with_gaps(connect: Connect) -> None:
    """Empty elements in the list of subprotocols are ignored (RFC 9110 section 5.6.1)."""
    peer = connect(tells_subprotocols, headers=[("sec-websocket-protocol", "a,, b,")])
    peer.expect_notes("a", "b")


@case("H1")
def test_no_subprotocols(connect: Connect) -> None:
    """A request without subprotocols offers none."""
    connect(tells_subprotocols).expect_notes()


@case("H1", requires="peer_scheme")
def test_scheme_and_version(connect: Connect) -> None:
    """The scheme is ws or wss, and the version is the version of HTTP."""
    peer = connect(tells_connection)
    peer.expect_notes(peer.scheme, peer.http_version)


@case("H1", requires=("integer_ports", "peer_addresses"))
def test_addresses(connect: Connect) -> None:
    """Client and server are a host and an integer port."""
    peer = connect(tells_addresses)
    peer.expect_notes(list(peer.local_address), list(peer.remote_address))


@case("H1", requires="peer_addresses")
def test_client(connect: Connect) -> None:
    """The client address, where there is one, is the peer's own."""
    peer = connect(tells_addresses)
    client = peer.record().notes[0]
    if client not in (None, [*peer.local_address]):
        raise Mismatch([*peer.local_address], client)


@case("H1", requires=("integer_ports", "peer_addresses"))
def test_forwarded_headers(connect: Connect) -> None:
    """The peer's forwarded headers are ordinary headers; they don't change the address or the scheme."""
    lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https"), ("forwarded", "for=x")]
    peer = connect(tells_addresses, headers=lines)
    peer.expect_notes(list(peer.local_address), list(peer.remote_address))
    peer = connect(tells_connection, headers=lines)
    peer.expect_notes(peer.scheme, peer.http_version)


@case("H1")
def test_state(connect: Connect) -> None:
    """The state is the one that the application's lifespan yields."""
    connect(tells_state).expect_notes(*map(list, STATE.items()))
