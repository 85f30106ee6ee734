"""The quirks of hypercorn's own WebSocket streams, on all its event loops.

The row `hypercorn` has them over HTTP/2; over HTTP/1.1 its connections are of anysocket.
"""

from typing import Final

from anysocket_matrix.quirks.quirk import Quirk, Where

WSPROTO: Final = "hypercorn-wsproto"
HTTP2: Final = ("hypercorn+h2", f"{WSPROTO}+h2")
HYPERCORN: Final = (WSPROTO, "hypercorn+h2")
EVERYWHERE: Final = (WSPROTO, "hypercorn")
"""What isn't of a stream."""
SOURCE: Final = "https://github.com/pgjones/hypercorn/blob/0.18.0/src/hypercorn"

QUIRKS: Final = (
    Quirk(
        number=17,
        rows=HYPERCORN,
        does="The peer's close code and reason are lost; every disconnect has 1006.",
        clauses=("C1", "C4"),
        cases=("close.peers_code", "close.no_code", "end.send_after_the_peers_reason"),
        repair={
            Where.CONNECTION: "`hypercorn.stream.NotesTheClose` notes them when the stream answers them.",
        },
        upstream=("pgjones/hypercorn#127",),
    ),
    Quirk(
        number=18,
        rows=HYPERCORN,
        does="The disconnect after the application's own close has 1000.",
        clauses=("C1", "N2"),
        cases=("close.own_code_and_reason", "close.own_code_stands", "asgi.disconnect.own_close"),
        repair={Where.CORE: "the first close that `session.websocket.WebSocket` records stands."},
        upstream=("pgjones/hypercorn#127",),
    ),
    Quirk(
        number=19,
        rows=HYPERCORN,
        does="Sends after the peer has left succeed silently.",
        clauses=("C4", "C6"),
        cases=(
            "end.send_after_the_peers_close",
            "end.only_sending_to_a_closed_peer",
            "end.only_sending_to_a_lost_peer",
            "end.only_sending_with_messages_unread",
            "end.only_sending_with_messages_unread_to_a_waiting_peer",
            "pressure.end_of_a_peer_that_does_not_read",
        ),
        repair={
            Where.CONNECTION: "`hypercorn.stream.RefusesLateMessages` refuses them.",
        },
        upstream=(f"{SOURCE}/protocol/ws_stream.py#L254-L256",),
    ),
    Quirk(
        number=20,
        rows=HYPERCORN,
        does="When the application returns, the connection is closed with 1011.",
        clauses=("C5", "N6"),
        cases=("end.returns", "asgi.end.returns_when_open"),
        repair={Where.CORE: "`supervision.handler.run` closes with 1000 first."},
        upstream=(
            "pgjones/hypercorn#112",
            f"{SOURCE}/protocol/ws_stream.py#L265-L266",
        ),
    ),
    Quirk(
        number=21,
        rows=HYPERCORN,
        does="A message before accept is answered with 400; accept seems to succeed, and receive waits for "
        "ever.",
        clauses=("M5",),
        cases=("accept.message_behind_the_handshake", "accept.message_before_accept"),
        repair={
            Where.SERVE: "`hypercorn.context.LetsApplicationsBegin` lets the application begin first.",
            Where.CONNECTION: "`hypercorn.stream.KeepsEvents` keeps what comes before accept.",
        },
        upstream=("pgjones/hypercorn#225",),
    ),
    Quirk(
        number=22,
        rows=HYPERCORN,
        does="After a failed accept the connection is unusable, and over HTTP/2 the peer waits for ever.",
        clauses=("H2", "N3"),
        cases=(
            "accept.unoffered_subprotocol",
            "accept.bad_headers",
            "accept.malformed_extension_offer",
            "asgi.accept.unoffered_subprotocol",
        ),
        repair={
            Where.CORE: "`session.websocket.WebSocket.accept` checks everything before.",
            Where.CONNECTION: "`hypercorn.stream.AcceptsEveryOffer` declines a malformed offer of "
            "permessage-deflate.",
        },
        upstream=(f"{SOURCE}/protocol/ws_stream.py#L350-L353",),
    ),
    Quirk(
        number=23,
        rows=HYPERCORN,
        does="An oversized message is answered with 1009, but the application doesn't learn why the "
        "connection ended.",
        clauses=("M3",),
        cases=("messages.above_the_default_in_fragments",),
        repair={Where.CONNECTION: "`hypercorn.stream.NotesTheClose` notes the close that answers it."},
        upstream=(f"{SOURCE}/protocol/ws_stream.py#L312-L316",),
    ),
    Quirk(
        number=24,
        rows=HTTP2,
        does="Data for a stream that has ended fails the whole TCP connection; on trio it ends the worker "
        "with status 0.",
        clauses=("H3",),
        cases=("deny.data_behind_the_denial",),
        repair={
            Where.CONNECTION: "`hypercorn.http2.DropsLateData` drops it.",
            Where.SERVE: "`hypercorn.worker.FailsAlone` lets a connection fail alone.",
        },
        upstream=("pgjones/hypercorn#334", "pgjones/hypercorn#365"),
    ),
    Quirk(
        number=25,
        rows=HTTP2,
        does="Sends never wait for the peer.",
        clauses=("M4",),
        cases=("pressure.peer_that_does_not_read",),
        repair={Where.CONNECTION: "`hypercorn.http2.WaitsToSend` waits for room in the stream's buffer."},
    ),
    Quirk(
        number=26,
        rows=HTTP2,
        does="After the peer's close, its end or a protocol error, the stream isn't ended.",
        clauses=("C1",),
        cases=("close.peers_code", "close.half_closed", "protocol_errors.unmasked_frame"),
        repair={Where.CONNECTION: "`hypercorn.http2.EndsStreams` ends our side too."},
    ),
    Quirk(
        number=27,
        rows=HTTP2,
        does="CR and LF in a header are sent.",
        clauses=("H2", "N3"),
        cases=("accept.bad_headers", "asgi.accept.header_injection"),
        repair={Where.CORE: "`handshake.validated` refuses them."},
    ),
    Quirk(
        number=28,
        rows=HYPERCORN,
        does="Only the last of several `Sec-WebSocket-Protocol` lines counts.",
        clauses=("H1", "H2"),
        cases=("request.subprotocols_of_two_lines", "accept.subprotocol_of_the_first_line"),
        repair={
            Where.ADAPTER: "`hypercorn.stream.HypercornTransport.handshake` reads them all, and "
            "`hypercorn.stream.AcceptsEveryOffer` accepts each.",
        },
        upstream=(f"{SOURCE}/protocol/ws_stream.py#L75-L76",),
    ),
    Quirk(
        number=29,
        rows=HYPERCORN,
        does="Pings have no timeout, so a dead peer isn't noticed.",
        clauses=("L3",),
        cases=("lifecycle.dead_peer",),
        repair={Where.SERVE: "`hypercorn.pings.PingsWithTimeout` sends them."},
        upstream=(f"{SOURCE}/protocol/ws_stream.py#L382-L385",),
    ),
    Quirk(
        number=30,
        rows=EVERYWHERE,
        does="On asyncio since Python 3.12, shutdown after SIGTERM waits for every connection without limit.",
        clauses=("L2",),
        cases=("lifecycle.sigterm", "lifecycle.sigterm_with_a_deaf_handler"),
        repair={
            Where.SERVE: "`serving.workers.serve_until` closes every connection before it stops the server, "
            "and cancels what outlasts its grace.",
        },
        upstream=("pgjones/hypercorn#308",),
    ),
    Quirk(
        number=31,
        rows=(f"{WSPROTO}+trio",),
        does="An application's exception that isn't an `Exception` ends the worker.",
        clauses=("C5",),
        cases=("end.exits",),
        repair={
            Where.CORE: "`supervision.handler.run` makes an error of an exit.",
            Where.SERVE: "`hypercorn.application.ServedByHypercorn` of any other.",
        },
        upstream=(f"{SOURCE}/trio/task_group.py#L38-L39",),
    ),
    Quirk(
        number=32,
        rows=EVERYWHERE,
        does="A lifespan that fails ends the server with status 0.",
        clauses=("L1",),
        cases=("lifecycle.startup_that_fails",),
        repair={Where.SERVE: "`hypercorn.server.Hypercorn.serve` raises on what its worker says."},
        upstream=("pgjones/hypercorn#173",),
    ),
    Quirk(
        number=56,
        rows=HYPERCORN,
        does="A peer that breaks the protocol gets no close frame, and the application gets 1006.",
        clauses=("C1",),
        cases=(
            "protocol_errors.unmasked_frame",
            "protocol_errors.text_that_is_no_utf8",
            "protocol_errors.close_with_a_reserved_code",
            "protocol_errors.handler_is_told_of_bad_frames",
        ),
        repair={
            Where.CONNECTION: "`repairs.wsproto.ClosesAfterBreach` has it answered, and "
            "`hypercorn.stream.NotesTheClose` notes the code.",
        },
        upstream=(f"{SOURCE}/protocol/ws_stream.py#L323-L326",),
    ),
    Quirk(
        number=62,
        rows=HYPERCORN,
        does="A handler that doesn't receive stops the reading of the TCP connection; over HTTP/2 this stops "
        "all connections on it.",
        clauses=("M4",),
        cases=("pressure.beside_a_handler_that_does_not_receive", "pressure.both_directions"),
        repair={
            Where.CONNECTION: "`hypercorn.http2.WithholdsWindows` closes the stream's own window instead.",
        },
        upstream=(f"{SOURCE}/protocol/h2.py#L259-L261",),
    ),
)
