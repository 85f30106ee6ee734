"""The quirks of granian, over ASGI and over its own RSGI."""

from typing import Final

from anysocket_matrix.quirks.quirk import Quirk, Where

GRANIAN: Final = ("granian", "granian-mt")
RSGI: Final = ("granian-rsgi",)
SOURCE: Final = "https://github.com/emmett-framework/granian/blob/v2.8.7/src"

QUIRKS: Final = (
    Quirk(
        number=33,
        rows=GRANIAN,
        does="Headers of accept are dropped.",
        clauses=("H2",),
        cases=("accept.headers",),
        repair={Where.NOWHERE: "`accept` raises `Unsupported`."},
        absent=("accept_headers",),
        upstream=(f"{SOURCE}/asgi/io.rs#L691-L697",),
    ),
    Quirk(
        number=34,
        rows=GRANIAN,
        does="A repeated header in a denial makes the worker panic, and the server ends with status 1.",
        clauses=("H3",),
        cases=("deny.repeated_header", "deny.two_cookies"),
        repair={
            Where.ADAPTER: "`granian.transport.GranianTransport.deny` combines them, and raises "
            "`Unsupported` for Set-Cookie, which can't be combined.",
        },
        absent=("denial_cookies",),
        fixed_in="2.8.9",
        upstream=(f"{SOURCE}/ws.rs#L86-L88",),
    ),
    Quirk(
        number=35,
        rows=GRANIAN,
        does="A denial's body in several parts fails, and the peer gets 403.",
        clauses=("H3", "N3"),
        cases=("deny.long_body", "asgi.deny.chunks"),
        repair={Where.CORE: "`handshake.Denial` has one body."},
        upstream=(f"{SOURCE}/asgi/io.rs#L513-L515",),
    ),
    Quirk(
        number=36,
        rows=GRANIAN,
        does="Close waits as long as another task is in receive.",
        clauses=("C3",),
        cases=("close.close_while_receiving",),
        repair={
            Where.ADAPTER: "`granian.transport.GranianTransport.close` stops the receive, which "
            "`reading.Reader` holds.",
        },
        fixed_in="2.8.9",
        upstream=(f"{SOURCE}/asgi/io.rs#L570-L573",),
    ),
    Quirk(
        number=37,
        rows=GRANIAN,
        does="Pings aren't answered and the end isn't noticed while no task is in receive; before accept the "
        "end is never noticed.",
        clauses=("L3", "C6", "H5", "N2"),
        cases=(
            "pressure.ping_while_busy",
            "pressure.ping_behind_unread_messages",
            "end.only_sending_to_a_closed_peer",
            "end.only_sending_with_messages_unread",
            "end.only_sending_with_messages_unread_to_a_waiting_peer",
            "pressure.end_of_a_peer_that_does_not_read",
            "accept.peer_left_before_accept",
            "asgi.disconnect.lost_before_accept",
        ),
        repair={Where.ADAPTER: "`reading.Reader` keeps one receive in flight, from accept on."},
        absent=("loss_before_accept", "disconnect_before_accept"),
        upstream=(
            "emmett-framework/granian#835",
            f"{SOURCE}/asgi/io.rs#L630-L633",
        ),
    ),
    Quirk(
        number=38,
        rows=GRANIAN,
        does="A value that isn't a message is sent as an empty message; reasons that are too long and "
        "reserved codes are sent as they are.",
        clauses=("M1", "C2", "N4", "N5"),
        cases=(
            "messages.wrong_types",
            "messages.lone_surrogate",
            "close.bad_codes_and_reasons",
            "asgi.send.wrong_types",
            "asgi.close.wrong_codes",
            "asgi.close.long_reason",
        ),
        repair={
            Where.CORE: "`session.websocket.WebSocket.send` and `close.Close.validate` refuse them.",
            Where.ADAPTER: "so does `granian.transport.GranianTransport` a str without UTF-8.",
        },
        upstream=(f"{SOURCE}/asgi/io.rs#L777-L781",),
    ),
    Quirk(
        number=39,
        rows=GRANIAN,
        does="A lost connection and a close frame without a code are both reported as 1005.",
        clauses=("C1",),
        cases=("close.reset", "close.hung_up", "close.half_closed", "close.no_code"),
        repair={
            Where.ADAPTER: "`granian.transport.GranianTransport.ended` makes 1006 of both: the loss is what "
            "a handler must learn of.",
        },
        absent=("no_close_code",),
        upstream=(
            f"{SOURCE}/asgi/io.rs#L648-L652",
            f"{SOURCE}/asgi/conversion.rs#L47-L51",
        ),
    ),
    Quirk(
        number=40,
        rows=GRANIAN,
        does="A peer that breaks the protocol or sends too much gets an empty close frame, and the handler "
        "gets 1005.",
        clauses=("C1", "M3"),
        cases=(
            "protocol_errors.unmasked_frame",
            "protocol_errors.text_that_is_no_utf8",
            "protocol_errors.handler_is_told_of_bad_frames",
            "messages.above_the_default",
        ),
        repair={
            Where.NOWHERE: "it doesn't tell what was wrong, and 1002 would be false of text that "
            "isn't UTF-8.",
        },
        absent=(
            "protocol_error_close",
            "invalid_text_close",
            "protocol_error_code",
            "oversized_frame_code",
        ),
        upstream=(
            "snapview/tungstenite-rs#38",
            f"{SOURCE}/asgi/io.rs#L648-L652",
        ),
    ),
    Quirk(
        number=41,
        rows=GRANIAN,
        does="Ports are strings, and the address of a unix socket has empty strings.",
        clauses=("H1",),
        cases=("request.addresses", "request.forwarded_headers"),
        repair={Where.ADAPTER: "`granian.transport.GranianTransport.handshake` reads them."},
        upstream=(f"{SOURCE}/asgi/utils.rs#L68-L69",),
    ),
    Quirk(
        number=42,
        rows=(*GRANIAN, *RSGI),
        does="HTTP/2 is supported, but not WebSockets over it.",
        clauses=("H2",),
        cases=("accept.over_http2", "accept.no_accept_key_over_http2"),
        repair={Where.NOWHERE: "its SETTINGS have no ENABLE_CONNECT_PROTOCOL."},
        absent=("no_accept_key_over_http2", "over_http2"),
        upstream=(
            f"{SOURCE}/workers.rs#L703-L714",
            f"{SOURCE}/ws.rs#L105-L108",
        ),
    ),
    Quirk(
        number=43,
        rows=GRANIAN,
        does="A denial has `connection: upgrade` and a `sec-websocket-accept`.",
        clauses=("H3",),
        cases=("deny.no_trace_of_an_upgrade",),
        repair={Where.NOWHERE: "headers can be added and not taken away."},
        absent=("denial_without_upgrade_headers",),
        upstream=(f"{SOURCE}/ws.rs#L128-L132",),
    ),
    Quirk(
        number=44,
        rows=RSGI,
        does="A second accept, or a close before accept with a status that HTTP doesn't have, ends the whole "
        "server by a panic.",
        clauses=("H2", "H3"),
        cases=(
            "accept.accept_twice",
            "accept.two_accepts_at_once",
            "deny.close_first",
            "deny.bad_denials",
        ),
        repair={Where.ADAPTER: "`granian.rsgi.RSGITransport` answers once, with a status from 200 to 599."},
        upstream=(
            f"{SOURCE}/rsgi/io.rs#L412",
            f"{SOURCE}/rsgi/http.rs#L94-L98",
        ),
    ),
    Quirk(
        number=51,
        rows=GRANIAN,
        does="A cancelled receive may lose a message.",
        clauses=("M2",),
        cases=("messages.cancelled_receive",),
        repair={Where.ADAPTER: "`reading.Reader` receives for the handler, and is never cancelled."},
    ),
    Quirk(
        number=57,
        rows=(*GRANIAN, *RSGI),
        does="Header lines with the same name are grouped together, wherever the peer put them.",
        clauses=("H1",),
        cases=("request.header_order",),
        repair={Where.NOWHERE: "the order is lost."},
        absent=("header_order",),
        upstream=("hyperium/hyper#2572",),
    ),
    Quirk(
        number=58,
        rows=GRANIAN,
        does="The peer's close reason is lost.",
        clauses=("C4",),
        cases=("end.send_after_the_peers_reason",),
        repair={Where.NOWHERE: "the application sees only the code."},
        absent=("peer_close_reason",),
        upstream=(f"{SOURCE}/asgi/conversion.rs#L47-L55",),
    ),
    Quirk(
        number=59,
        rows=(*GRANIAN, *RSGI),
        does="Pings aren't sent, so a dead peer isn't noticed.",
        clauses=("L3",),
        cases=("lifecycle.dead_peer",),
        repair={Where.NOWHERE: "`anysocket serve` refuses `--ping-interval`."},
        absent=("keepalive",),
        upstream=("emmett-framework/granian#613",),
    ),
    Quirk(
        number=70,
        rows=GRANIAN,
        does="The peer's close code 1014 is treated as an error.",
        clauses=("C1",),
        cases=("close.peers_newest_code",),
        repair={Where.NOWHERE: "the application sees that there was none."},
        absent=("peer_code_1014",),
        upstream=("snapview/tungstenite-rs#502",),
    ),
    Quirk(
        number=71,
        rows=RSGI,
        does="The raw path is missing, and header values beyond ASCII are dropped.",
        clauses=("H1",),
        cases=("request.encoded_slash", "request.header_latin1"),
        repair={Where.NOWHERE: "`raw_path` is the path encoded again."},
        absent=("latin1_headers", "raw_path"),
        upstream=(
            f"{SOURCE}/rsgi/types.rs#L54-L58",
            f"{SOURCE}/rsgi/types.rs#L189-L192",
        ),
    ),
    Quirk(
        number=72,
        rows=RSGI,
        does="Accept takes neither a subprotocol nor headers.",
        clauses=("H2",),
        cases=("accept.subprotocol", "accept.headers"),
        repair={Where.NOWHERE: "`accept` raises `Unsupported`."},
        absent=("accept_headers", "accept_subprotocol"),
        upstream=(f"{SOURCE}/rsgi/io.rs#L409-L419",),
    ),
    Quirk(
        number=73,
        rows=RSGI,
        does="A denial has neither headers nor a body.",
        clauses=("H3",),
        cases=("deny.body", "deny.latin1_header", "deny.repeated_header", "deny.two_cookies"),
        repair={Where.NOWHERE: "`deny` raises `Unsupported`."},
        absent=(
            "denial_cookies",
            "denial_header_duplicates",
            "denial_latin1_headers",
            "denial_response",
        ),
        upstream=(
            f"{SOURCE}/rsgi/io.rs#L390-L391",
            f"{SOURCE}/rsgi/http.rs#L91-L101",
        ),
    ),
    Quirk(
        number=74,
        rows=RSGI,
        does="The application's close frames are empty, and the peer's code and reason are lost.",
        clauses=("C1", "C4"),
        cases=(
            "close.own_code_and_reason",
            "close.peers_code",
            "close.peers_newest_code",
            "end.send_after_the_peers_reason",
        ),
        repair={Where.NOWHERE: "only a close frame and a lost connection differ."},
        absent=("close_code", "close_reason", "peer_code_1014", "peer_close_code", "peer_close_reason"),
        upstream=(
            f"{SOURCE}/rsgi/http.rs#L102-L104",
            f"{SOURCE}/rsgi/conversion.rs#L20",
        ),
    ),
    Quirk(
        number=75,
        rows=RSGI,
        does="A peer that breaks the protocol or sends too much gets an empty close frame, and the handler "
        "gets 1006.",
        clauses=("C1", "M3"),
        cases=(
            "protocol_errors.unmasked_frame",
            "protocol_errors.text_that_is_no_utf8",
            "protocol_errors.handler_is_told_of_bad_frames",
            "messages.above_the_default",
        ),
        repair={Where.NOWHERE: "what was wrong is lost."},
        absent=(
            "invalid_text_close",
            "oversized_frame_code",
            "protocol_error_close",
            "protocol_error_code",
        ),
        upstream=(
            "snapview/tungstenite-rs#38",
            f"{SOURCE}/rsgi/io.rs#L305-L311",
        ),
    ),
    Quirk(
        number=78,
        rows=RSGI,
        does="Before accept, a handler that waits doesn't notice that the peer has left; only accept does.",
        clauses=("N2",),
        cases=("asgi.disconnect.lost_before_accept",),
        repair={Where.NOWHERE: "there is nothing to wait for before accept."},
        absent=("disconnect_before_accept",),
        upstream=(f"{SOURCE}/rsgi/io.rs#L388-L409",),
    ),
    Quirk(
        number=79,
        rows=(*GRANIAN, *RSGI),
        does="Messages aren't compressed: an offer of permessage-deflate is declined.",
        clauses=("H2", "M1", "M3"),
        cases=(
            "compression.messages",
            "compression.fragments",
            "compression.ping_between_fragments",
            "compression.too_much",
        ),
        repair={Where.NOWHERE: "tungstenite, which has its WebSockets, can't."},
        absent=("compressed_with_ping", "compression"),
        upstream=("emmett-framework/granian#850", "snapview/tungstenite-rs#2"),
    ),
    Quirk(
        number=88,
        rows=(*GRANIAN, *RSGI),
        does="The peer's close is answered as soon as it is read. The adapter reads ahead of a busy handler, "
        "so the handler's answers to earlier messages are lost.",
        clauses=("C4",),
        cases=("end.answers_before_close",),
        repair={Where.NOWHERE: "Without reading ahead, the end and pings behind a message aren't noticed."},
        absent=("answers_before_close",),
        upstream=(
            "https://github.com/snapview/tungstenite-rs/blob/c2921718b76f0ed8c69a895397ed981e4a321f6f/src/protocol/mod.rs#L718-L742",
        ),
    ),
)
