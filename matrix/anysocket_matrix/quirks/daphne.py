"""The quirks of daphne, whose WebSockets are autobahn's."""

from typing import Final

from anysocket_matrix.quirks.quirk import Quirk, Where

DAPHNE: Final = ("daphne",)
SOURCE: Final = "https://github.com/django/daphne/blob/4.2.3/daphne"

QUIRKS: Final = (
    Quirk(
        number=45,
        rows=DAPHNE,
        does="When the application returns, the connection stays open; before accept the peer waits on.",
        clauses=("C5", "H4", "N6"),
        cases=(
            "end.returns",
            "accept.no_answer",
            "asgi.end.returns_when_open",
            "asgi.end.returns_before_accept",
        ),
        repair={
            Where.CORE: "`supervision.handler.run` closes with 1000, or denies with 500.",
            Where.CONNECTION: "`daphne.connection.DeniesWithResponse` sends that answer.",
        },
    ),
    Quirk(
        number=46,
        rows=DAPHNE,
        does="Empty messages aren't sent, and subclasses of bytes are refused.",
        clauses=("M1", "N4"),
        cases=("messages.empty_text", "messages.empty_binary", "messages.types_sent", "asgi.send.every_type"),
        repair={
            Where.CORE: "`session.websocket.WebSocket.send` makes bytes of what is like them.",
            Where.CONNECTION: "`daphne.connection.SuspendsSenders.send_message` sends frames by itself.",
        },
        upstream=(f"{SOURCE}/ws_protocol.py#L204-L207",),
    ),
    Quirk(
        number=47,
        rows=DAPHNE,
        does="Close refuses the codes 1001-2999 and drops the reason; the peer's 1014 is an error.",
        clauses=("C1", "C2"),
        cases=("close.codes_that_can_be_sent", "close.own_code_and_reason", "close.peers_newest_code"),
        repair={
            Where.CONNECTION: "`daphne.connection.ClosesWithReason` sends the frame by itself, and "
            "`daphne.connection.EchoesClose` answers 1014.",
        },
        upstream=("django/daphne#374",),
    ),
    Quirk(
        number=48,
        rows=DAPHNE,
        does="Headers of accept and denial responses are ignored; scheme, lifespan and state are missing.",
        clauses=("H1", "H2", "H3", "L1"),
        cases=(
            "request.scheme_and_version",
            "request.state",
            "accept.headers",
            "deny.body",
            "deny.latin1_header",
            "deny.unnamed_status",
            "deny.answer_after_deny",
            "deny.repeated_header",
            "deny.two_cookies",
            "lifecycle.startup_that_fails",
        ),
        repair={
            Where.CONNECTION: "`daphne.connection.AcceptsWithHeaders` and "
            "`daphne.connection.DeniesWithResponse` write the whole answer.",
            Where.SERVE: "`daphne.server.Daphne.serve` completes the scope, and runs `lifespan.Lifespan`.",
        },
        upstream=("django/daphne#326", "django/daphne#486", "django/daphne#538"),
    ),
    Quirk(
        number=49,
        rows=DAPHNE,
        does="Neither side waits for the other: unsent and unreceived messages are kept without limit.",
        clauses=("M2", "M4"),
        cases=(
            "pressure.peer_that_does_not_read",
            "pressure.handler_that_does_not_receive",
            "messages.cancelled_send",
        ),
        repair={
            Where.CONNECTION: "`daphne.connection.SuspendsSenders` is Twisted's producer, and "
            "`daphne.connection.SuspendsPeer` pauses reading.",
        },
        upstream=("django/daphne#170",),
    ),
    Quirk(
        number=50,
        rows=DAPHNE,
        does="The answer to the peer's close is always 1000; header lines with the same name, cookies too, "
        "are joined with commas.",
        clauses=("C1", "H1"),
        cases=("close.peers_code_echoed", "request.header_duplicates"),
        repair={
            Where.CONNECTION: "`daphne.connection.EchoesClose` sends the peer's code, and "
            "`daphne.header_lines.KnowsRequest` takes the lines from the HTTP request.",
        },
        upstream=(f"{SOURCE}/http_protocol.py#L140-L141",),
    ),
    Quirk(
        number=63,
        rows=DAPHNE,
        does="The order of header lines with different names is lost.",
        clauses=("H1",),
        cases=("request.header_order",),
        repair={Where.SERVE: "`daphne.header_lines.KeepsHeaderOrder` keeps the lines as they are read."},
        upstream=(f"{SOURCE}/http_protocol.py#L140-L141",),
    ),
    Quirk(
        number=64,
        rows=DAPHNE,
        does="Header names with an underscore are dropped, and so is the path from a semicolon on.",
        clauses=("H1",),
        cases=("request.header_underscore", "request.semicolons"),
        repair={
            Where.CONNECTION: "`daphne.header_lines.KnowsRequest` has the names, and "
            "`daphne.connection.KeepsPathParameters` the path.",
        },
        upstream=(f"{SOURCE}/ws_protocol.py#L43-L44",),
    ),
    Quirk(
        number=65,
        rows=DAPHNE,
        does="A message in the same packet as the handshake is lost.",
        clauses=("M5",),
        cases=("accept.message_behind_the_handshake",),
        repair={
            Where.CONNECTION: "`daphne.header_lines.GivesEarlyData` finds it in the HTTP channel, and "
            "`daphne.connection.KeepsEarlyData` keeps it until accept.",
        },
    ),
    Quirk(
        number=66,
        rows=DAPHNE,
        does="A peer that breaks the protocol or sends more than 1 MiB loses the connection without a close "
        "frame.",
        clauses=("C1", "M3"),
        cases=(
            "protocol_errors.unmasked_frame",
            "protocol_errors.text_that_is_no_utf8",
            "protocol_errors.close_with_a_reserved_code",
            "protocol_errors.handler_is_told_of_bad_frames",
            "messages.above_the_default",
            "messages.above_the_default_in_fragments",
            "messages.code_of_too_many_fragments",
        ),
        repair={
            Where.CONNECTION: "`daphne.connection.FailsWithCloseFrame` sends autobahn's code, and "
            "`daphne.connection.TellsEnd` tells it.",
            Where.SERVE: "`daphne.server.Daphne.serve` sets the limit to 16 MiB.",
        },
    ),
    Quirk(
        number=67,
        rows=DAPHNE,
        does="The peer's close reason is lost, and sends after it has left succeed silently.",
        clauses=("C4", "C6"),
        cases=(
            "end.send_after_the_peers_reason",
            "end.only_sending_to_a_closed_peer",
            "end.only_sending_with_messages_unread",
            "end.only_sending_with_messages_unread_to_a_waiting_peer",
            "pressure.end_of_a_peer_that_does_not_read",
        ),
        repair={
            Where.CONNECTION: "`daphne.connection.TellsEnd` tells of a close frame, and "
            "`daphne.connection.SuspendsSenders` refuses to send behind it."
        },
        upstream=(f"{SOURCE}/ws_protocol.py#L169-L172",),
    ),
    Quirk(
        number=68,
        rows=DAPHNE,
        does="An offer of permessage-deflate with invalid parameters is answered with 400.",
        clauses=("H2",),
        cases=("accept.malformed_extension_offer",),
        repair={Where.CONNECTION: "`daphne.connection.AcceptsWithHeaders` declines every offer."},
    ),
    Quirk(
        number=76,
        rows=DAPHNE,
        does="An offer of subprotocols with an empty element is answered with 400.",
        clauses=("H1",),
        cases=("request.subprotocols_with_gaps",),
        repair={Where.SERVE: "`daphne.header_lines.KeepsHeaderOrder` leaves it out of what autobahn reads."},
    ),
    Quirk(
        number=80,
        rows=DAPHNE,
        does="Messages aren't compressed: autobahn supports it, but daphne doesn't enable it.",
        clauses=("H2", "M1", "M3"),
        cases=(
            "compression.messages",
            "compression.fragments",
            "compression.ping_between_fragments",
            "compression.too_much",
        ),
        repair={Where.NOWHERE: "an offer of permessage-deflate is declined."},
        absent=("compressed_with_ping", "compression"),
        upstream=(f"{SOURCE}/server.py#L106-L112",),
    ),
)
