"""N1: the scope."""

from collections.abc import Mapping
from typing import TypeAlias, cast

from anysocket_matrix.case import STATE, ASGICall, asgi_app, case
from anysocket_matrix.conformance.asgi.script import open_connection
from anysocket_matrix.conformance.case_peer import CasePeer, Connect
from anysocket_matrix.peer.peer import Mismatch

Pairs: TypeAlias = list[tuple[bytes, bytes]]


@asgi_app()
async def notes_the_scope(asgi: ASGICall) -> None:
    """Note the value of each key, except those that only make sense in this process."""
    asgi.notes.append({key: value for key, value in asgi.scope.items() if key != "state"})
    await open_connection(asgi)


@asgi_app()
async def notes_types(asgi: ASGICall) -> None:
    """Note the types of the values."""
    asgi.notes.append({key: made_of(value) for key, value in asgi.scope.items()})
    await open_connection(asgi)


def made_of(value: object) -> object:
    """Name a value's type, and the types of its items."""
    match value:
        case tuple():
            return ["tuple", *map(made_of, cast("tuple[object, ...]", value))]
        case list():
            kinds: list[object] = []
            for kind in map(made_of, cast("list[object]", value)):
                if kind not in kinds:
                    kinds.append(kind)
            return ["list", *kinds]
        case _:
            return type(value).__name__


@asgi_app()
async def changes_the_state(asgi: ASGICall) -> None:
    """Note the state, and add to it."""
    state = cast("dict[str, object]", asgi.scope["state"])
    asgi.notes.append(dict(state))
    state["added"] = "by one connection"
    await open_connection(asgi)


def scope_of(peer: CasePeer) -> Mapping[str, object]:
    """Wait for the program's notes."""
    return cast("Mapping[str, object]", peer.record().notes[0])


def expect(peer: CasePeer, **fields: object) -> None:
    """Expect these values in the scope."""
    scope = scope_of(peer)
    for key, value in fields.items():
        if scope.get(key) != value:
            raise Mismatch(f"{key} {value!r}", f"{scope.get(key)!r}")


def headers_of(peer: CasePeer, *names: str) -> list[tuple[str, str]]:
    """Return the header lines of these names."""
    lines = cast("Pairs", scope_of(peer)["headers"])
    decoded = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in lines]
    return [(name, value) for name, value in decoded if name in names]


def expect_header(peer: CasePeer, name: str, *values: str) -> None:
    """Expect a header with these values, one for each line."""
    seen = [value for _, value in headers_of(peer, name)]
    if seen != list(values):
        raise Mismatch(f"{name}: {list(values)}", seen)


@case("N1")
def test_types(connect: Connect) -> None:
    """The scope has every key of the specification, with a value of its type."""
    peer = connect(notes_types, headers=[("sec-websocket-protocol", "a")])
    pair = ["tuple", "bytes", "bytes"]
    address = ["tuple", "str", "int"]
    expect(
        peer,
        type="str",
        asgi="dict",
        http_version="str",
        scheme="str",
        path="str",
        raw_path="bytes",
        query_string="bytes",
        root_path="str",
        headers=["list", pair],
        client=address,
        server=address,
        subprotocols=["list", "str"],
        state="dict",
        extensions="dict",
    )


@case("N1")
def test_kind_and_versions(connect: Connect) -> None:
    """The scope's type is websocket, of ASGI 3.0 and version 2.5 of the specification."""
    peer = connect(notes_the_scope)
    expect(peer, type="websocket", asgi={"version": "3.0", "spec_version": "2.5"})


@case("N1", requires="peer_scheme")
def test_scheme_and_http_version(connect: Connect) -> None:
    """The scope's scheme is ws or wss, and its http_version is the version of HTTP."""
    peer = connect(notes_the_scope)
    expect(peer, scheme=peer.scheme, http_version=peer.http_version)


@case("N1")
def test_extensions(connect: Connect) -> None:
    """The scope has the extension for denial responses."""
    expect(connect(notes_the_scope), extensions={"websocket.http.response": {}})


# Every case runs on a server that mounts the app at /api.
@case("N1", requires="raw_path")
def test_path(connect: Connect) -> None:
    """The scope's path is decoded, its raw path isn't, and neither has the query."""
    peer = connect(notes_the_scope, "/caf%C3%A9/a%20b%2Fc?q=1")
    expect(peer, path="/api/café/a b/c", raw_path=b"/caf%C3%A9/a%20b%2Fc", query_string=b"q=1")


@case("N1")
def test_path_as_it_is(connect: Connect) -> None:
    """The scope's path keeps dots, empty segments and plus signs."""
    expect(
        connect(notes_the_scope, "/a/../b//c/./+/"), path="/api/a/../b//c/./+/", raw_path=b"/a/../b//c/./+/"
    )


@case("N1", requires="raw_path")
def test_path_without_utf8(connect: Connect) -> None:
    """The scope's path has replacement characters for invalid UTF-8; the raw path has the bytes."""
    expect(connect(notes_the_scope, "/%FF"), path="/api/\ufffd", raw_path=b"/%FF")


@case("N1")
def test_decoded_once(connect: Connect) -> None:
    """The scope's path is decoded once, so that an encoded percent sign is a percent sign."""
    expect(connect(notes_the_scope, "/%2541"), path="/api/%41", raw_path=b"/%2541")


@case("N1")
def test_root(connect: Connect) -> None:
    """The scope's shortest path is a slash, after the root path."""
    expect(connect(notes_the_scope, "/"), path="/api/", raw_path=b"/", query_string=b"")


@case("N1", requires="path_parameters")
def test_path_with_parameters(connect: Connect) -> None:
    """The scope's path keeps semicolons."""
    expect(connect(notes_the_scope, "/a;b=1/c"), path="/api/a;b=1/c", raw_path=b"/a;b=1/c")


@case("N1")
def test_root_path(connect: Connect) -> None:
    """The scope's root path is the server's; the path begins with it, the raw path doesn't."""
    expect(connect(notes_the_scope, "/a"), root_path="/api", path="/api/a", raw_path=b"/a")


@case("N1")
def test_path_below_the_root_path(connect: Connect) -> None:
    """The scope's path has the root path once when the peer has sent it as part of the path."""
    expect(connect(notes_the_scope, "/api/a"), root_path="/api", path="/api/a", raw_path=b"/api/a")


@case("N1")
def test_query(connect: Connect) -> None:
    """The scope's query string is the bytes that the peer sent."""
    query = b"a=%C3%A9&b=1+2&a=&%zz&c?d=/"
    expect(connect(notes_the_scope, f"/?{query.decode()}"), query_string=query)


@case("N1", requires="header_duplicates")
def test_header_duplicates(connect: Connect) -> None:
    """The scope has all header lines of one name, in order, under the name in lower case."""
    peer = connect(notes_the_scope, headers=[("X-A", "1"), ("x-a", "2"), ("X-a", "1")])
    expect_header(peer, "x-a", "1", "2", "1")


@case("N1", requires="header_order")
def test_header_order(connect: Connect) -> None:
    """The scope has header lines of different names in wire order."""
    lines = [("x-b", "1"), ("x-a", "2"), ("x-b", "3"), ("x-c", "4")]
    seen = headers_of(connect(notes_the_scope, headers=lines), "x-a", "x-b", "x-c")
    if seen != lines:
        raise Mismatch(lines, seen)


@case("N1", requires="latin1_headers")
def test_header_latin1(connect: Connect) -> None:
    """The scope's header values beyond ASCII are the bytes that the peer sent."""
    expect_header(connect(notes_the_scope, headers=[("x-a", "caf\xe9")]), "x-a", "caf\xe9")


@case("N1")
def test_header_values(connect: Connect) -> None:
    """The scope's header values are unchanged when they are empty, long, quoted or have commas."""
    for value in ("", 'a, b;q="c, d"', "x" * 4000):
        expect_header(connect(notes_the_scope, headers=[("x-a", value)]), "x-a", value)


@case("N1", requires="header_underscores")
def test_header_underscores(connect: Connect) -> None:
    """The scope's header names may have an underscore."""
    expect_header(connect(notes_the_scope, headers=[("x_a", "1")]), "x_a", "1")


@case("N1", requires="header_duplicates")
def test_cookies(connect: Connect) -> None:
    """The scope's headers have several cookie lines separate, or joined (RFC 9113 section 8.2.3)."""
    peer = connect(notes_the_scope, headers=[("cookie", "a=1"), ("cookie", "b=2")])
    cookies = "; ".join(value for _, value in headers_of(peer, "cookie"))
    if cookies != "a=1; b=2":
        raise Mismatch("a=1; b=2", cookies)


@case("N1")
def test_host(connect: Connect) -> None:
    """The scope's headers have the host that the peer asked for."""
    peer = connect(notes_the_scope)
    expect_header(peer, "host", "{}:{}".format(*peer.remote_address))


@case("N1", requires="handshake_headers")
def test_handshake_headers(connect: Connect) -> None:
    """The scope's headers have the headers of the handshake itself."""
    offer = "permessage-deflate; client_max_window_bits"
    headers = [
        ("sec-websocket-protocol", "a, b"),
        ("sec-websocket-extensions", offer),
        ("origin", "http://x"),
    ]
    peer = connect(notes_the_scope, headers=headers)
    for name, value in [*headers, ("sec-websocket-version", "13")]:
        expect_header(peer, name, value)


@case("N1")
def test_subprotocols_of_one_line(connect: Connect) -> None:
    """The scope's subprotocols are all those of one header line, in order."""
    peer = connect(notes_the_scope, headers=[("sec-websocket-protocol", "chat.v2,chat.v1 , x")])
    expect(peer, subprotocols=["chat.v2", "chat.v1", "x"])


@case("N1", requires="all_subprotocol_lines")
def test_subprotocols_of_two_lines(connect: Connect) -> None:
    """The scope's subprotocols are those of all header lines, in order."""
    lines = [("sec-websocket-protocol", "b, a"), ("sec-websocket-protocol", "c")]
    expect(connect(notes_the_scope, headers=lines), subprotocols=["b", "a", "c"])


@case("N1", requires="empty_subprotocols")
def test_subprotocols_with_gaps(connect: Connect) -> None:
    """The scope's subprotocols leave out empty elements of the list (RFC 9110 section 5.6.1)."""
    peer = connect(notes_the_scope, headers=[("sec-websocket-protocol", "a,, b,")])
    expect(peer, subprotocols=["a", "b"])


@case("N1")
def test_no_subprotocols(connect: Connect) -> None:
    """The scope's subprotocols are empty when the peer offers none."""
    expect(connect(notes_the_scope), subprotocols=[])


@case("N1", requires=("integer_ports", "peer_addresses"))
def test_client(connect: Connect) -> None:
    """The scope's client is the peer's host and port."""
    peer = connect(notes_the_scope)
    expect(peer, client=list(peer.local_address))


@case("N1", requires=("integer_ports", "peer_addresses"))
def test_server(connect: Connect) -> None:
    """The scope's server is the host and port that the peer is connected to."""
    peer = connect(notes_the_scope)
    expect(peer, server=list(peer.remote_address))


@case("N1")
def test_state(connect: Connect) -> None:
    """The scope's state is a copy of the lifespan's state, one for each connection."""
    for _ in range(2):
        seen = scope_of(connect(changes_the_state))
        if seen != STATE:
            raise Mismatch("the lifespan's state", seen)
