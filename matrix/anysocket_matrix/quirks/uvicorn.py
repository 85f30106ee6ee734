"""The quirks of uvicorn's three WebSocket implementations, and of its HTTP."""

from typing import Final

from anysocket_matrix.quirks.hypercorn import HYPERCORN
from anysocket_matrix.quirks.quirk import Quirk, Where

NATIVE: Final = "uvicorn"
SANS_IO: Final = "uvicorn-sansio"
WEBSOCKETS: Final = "uvicorn-websockets"
WSPROTO: Final = "uvicorn-wsproto"
UVICORN: Final = (SANS_IO, WEBSOCKETS, WSPROTO)
SOURCE: Final = "https://github.com/Kludex/uvicorn/blob/0.54.0/uvicorn/protocols"
LEGACY: Final = "https://github.com/python-websockets/websockets/blob/17.4/src/websockets/legacy"
WSPROTO_SOURCE: Final = "https://github.com/python-hyper/wsproto/blob/1.3.2/src/wsproto"
INSTEAD: Final = "`uvicorn.native.UvicornConnection`, as `--ws`, doesn't have the quirk."

QUIRKS: Final = (
    Quirk(
        number=1,
        rows=(SANS_IO, WSPROTO),
        does="Reading pauses at the first unread message. The end of the connection and pongs behind it "
        "aren't noticed, so a busy handler's live peer is closed with 1011.",
        clauses=("L3", "C6", "N4"),
        cases=(
            "pressure.ping_behind_unread_messages",
            "lifecycle.live_peer_of_a_busy_handler",
            "end.only_sending_with_messages_unread",
            "end.only_sending_with_messages_unread_to_a_waiting_peer",
            "asgi.send.only_sending_with_messages_unread",
        ),
        repair={Where.NOWHERE: INSTEAD},
        absent=("end_behind_unread", "pong_behind_unread"),
        upstream=(
            f"{SOURCE}/websockets/websockets_sansio_impl.py#L306-L308",
            f"{SOURCE}/websockets/wsproto_impl.py#L269-L271",
        ),
    ),
    Quirk(
        number=2,
        rows=(SANS_IO, WSPROTO),
        does="A lost connection is reported as 1005, like a close frame without a code; only the close frame "
        "has a reason.",
        clauses=("C1",),
        cases=("close.reset", "close.hung_up", "close.half_closed", "close.no_code"),
        repair={
            Where.CONNECTION: "`uvicorn.transport.ReportsLoss` reports 1006 before uvicorn reports 1005."
        },
        upstream=("Kludex/uvicorn#1753",),
    ),
    Quirk(
        number=3,
        rows=UVICORN,
        does="When the application returns or raises, the TCP connection ends without a close frame.",
        clauses=("C5", "N6"),
        cases=("end.returns", "end.raises", "asgi.end.returns_when_open", "asgi.end.raises_when_open"),
        repair={Where.CORE: "`supervision.handler.run` closes with 1000 or 1011."},
        upstream=("Kludex/uvicorn#2332",),
    ),
    Quirk(
        number=4,
        rows=(WEBSOCKETS,),
        does="When the application returns before accept, the peer gets a 500 followed by a 101.",
        clauses=("H4", "N6"),
        cases=("accept.no_answer", "asgi.end.returns_before_accept"),
        repair={Where.CORE: "`supervision.handler.run` denies with 500 before the server can."},
        upstream=(f"{SOURCE}/websockets/websockets_impl.py#L228-L240",),
    ),
    Quirk(
        number=5,
        rows=(SANS_IO,),
        does="A close with an invalid code or too long a reason raises, but still queues a disconnect.",
        clauses=("C2", "N5"),
        cases=("close.bad_codes_and_reasons", "asgi.close.wrong_codes", "asgi.close.long_reason"),
        repair={Where.CORE: "`close.Close.validate` refuses both before the server sees them."},
        upstream=(f"{SOURCE}/websockets/websockets_sansio_impl.py#L512-L513",),
    ),
    Quirk(
        number=6,
        rows=(WSPROTO,),
        does="A close with an invalid code is sent as it is; 1005 and 1006 are sent as 1000.",
        clauses=("C2", "N5"),
        cases=("close.bad_codes_and_reasons", "asgi.close.wrong_codes"),
        repair={Where.CORE: "`close.Close.validate` refuses it."},
        upstream=("python-hyper/wsproto#182",),
    ),
    Quirk(
        number=7,
        rows=(WSPROTO,),
        does="A peer that breaks the protocol gets no close frame.",
        clauses=("C1",),
        cases=(
            "protocol_errors.unmasked_frame",
            "protocol_errors.text_that_is_no_utf8",
            "protocol_errors.close_with_a_reserved_code",
        ),
        repair={
            Where.CONNECTION: "`repairs.wsproto.ClosesAfterBreach` has wsproto read the breach as a close.",
        },
        upstream=(f"{SOURCE}/websockets/wsproto_impl.py#L281-L284",),
    ),
    Quirk(
        number=8,
        rows=(NATIVE, SANS_IO, WEBSOCKETS),
        does="A message in the same packet as the handshake is lost.",
        clauses=("M5",),
        cases=("accept.message_behind_the_handshake",),
        repair={Where.SERVE: "`uvicorn.http.HandsOnEarlyBytes` hands on what comes behind the request."},
        upstream=(
            f"{SOURCE}/http/h11_impl.py#L295-L297",
            f"{SOURCE}/http/httptools_impl.py#L202-L204",
        ),
    ),
    Quirk(
        number=9,
        rows=UVICORN,
        does="The events of a denial fail without keys that are optional in ASGI: `headers` with wsproto, "
        "`body` with the other implementations.",
        clauses=("H3", "N3"),
        cases=("deny.default", "asgi.deny.headers_left_out", "asgi.deny.empty_body"),
        repair={Where.CORE: "`handshake.response` fills both in."},
        upstream=(
            f"{SOURCE}/websockets/wsproto_impl.py#L435",
            f"{SOURCE}/websockets/websockets_impl.py#L352",
        ),
    ),
    Quirk(
        number=10,
        rows=(WEBSOCKETS,),
        does="Only the first part of a denial's body is sent.",
        clauses=("H3", "N3"),
        cases=("deny.long_body", "asgi.deny.chunks_over_time"),
        repair={Where.CORE: "`handshake.Denial` has one body."},
        upstream=(f"{SOURCE}/websockets/websockets_impl.py#L313-L319",),
    ),
    Quirk(
        number=11,
        rows=(WEBSOCKETS,),
        does="A request header with characters beyond ASCII gives 500.",
        clauses=("H1",),
        cases=("request.header_latin1",),
        repair={Where.NOWHERE: INSTEAD},
        absent=("latin1_headers",),
        upstream=("Kludex/uvicorn#3035",),
    ),
    Quirk(
        number=12,
        rows=(WEBSOCKETS,),
        does="Close waits ten seconds for a silent peer.",
        clauses=("C3", "N5"),
        cases=("close.silent_peer", "asgi.close.silent_peer"),
        repair={Where.CORE: "`session.websocket.WebSocket.close` waits no longer than `close_timeout`."},
        upstream=(f"{SOURCE}/websockets/websockets_impl.py#L340",),
    ),
    Quirk(
        number=13,
        rows=(WEBSOCKETS,),
        does="Accept with CR or LF in a header seems to succeed, but the peer gets 400.",
        clauses=("H2", "N3"),
        cases=("accept.bad_headers", "asgi.accept.header_injection"),
        repair={Where.CORE: "`handshake.validated` refuses it."},
        upstream=(f"{SOURCE}/websockets/websockets_impl.py#L287-L294",),
    ),
    Quirk(
        number=14,
        rows=(SANS_IO, *HYPERCORN),
        does="A cancelled send that waits for the peer isn't sent by websockets-sansio, where a later close "
        "waits for ever; hypercorn sends it anyway.",
        clauses=("M2", "M4"),
        cases=("messages.cancelled_send", "pressure.close_behind_a_suspended_send"),
        repair={
            Where.CORE: "a cancelled send may or may not have sent, and `session.websocket.WebSocket.close` "
            "has a timeout.",
        },
        upstream=(f"{SOURCE}/websockets/websockets_sansio_impl.py#L432-L433",),
    ),
    Quirk(
        number=15,
        rows=UVICORN,
        does="The path has `root_path` in front, whatever the peer sent.",
        clauses=("H1",),
        cases=("request.path", "request.encoded_slash"),
        repair={
            Where.ADAPTER: "`uvicorn.transport.UvicornTransport.handshake` takes it off, with "
            "`uvicorn.transport.KnowsRootPath`."
        },
        upstream=("Kludex/uvicorn#2213",),
    ),
    Quirk(
        number=16,
        rows=(NATIVE, *UVICORN),
        does="`X-Forwarded-For` and `X-Forwarded-Proto` from 127.0.0.1 are trusted, and the client's port "
        "is then 0.",
        clauses=("H1",),
        cases=("request.forwarded_headers",),
        repair={Where.SERVE: "`uvicorn.server.Uvicorn.serve` sets `proxy_headers=False`."},
        upstream=("Kludex/uvicorn#830",),
    ),
    Quirk(
        number=52,
        rows=(WEBSOCKETS,),
        does="While a send waits for the peer, the send of a second task fails on an assertion.",
        clauses=("M4", "N5"),
        cases=(
            "pressure.two_suspended_sends",
            "pressure.close_behind_a_suspended_send",
            "asgi.close.close_while_sending",
        ),
        repair={Where.NOWHERE: INSTEAD},
        absent=("suspended_sends",),
        upstream=("python-websockets/websockets#16",),
    ),
    Quirk(
        number=53,
        rows=(WEBSOCKETS,),
        does="A peer that breaks the protocol or sends too much is reported as 1006, after ten seconds.",
        clauses=("C1", "M3"),
        cases=(
            "protocol_errors.handler_is_told_of_bad_text",
            "protocol_errors.handler_is_told_of_bad_frames",
            "messages.above_the_default_in_fragments",
        ),
        repair={
            Where.CONNECTION: "`uvicorn.websockets.TellsWhyItFailed` waits half a second for the peer, and "
            "gives the code that was sent.",
        },
    ),
    Quirk(
        number=54,
        rows=(*HYPERCORN, "daphne"),
        does="Accept seems to succeed after the peer has left.",
        clauses=("H5",),
        cases=("accept.peer_left_before_accept",),
        repair={
            Where.ADAPTER: "`hypercorn.stream.HypercornTransport.accept` and "
            "`daphne.transport.DaphneTransport.accept` look.",
        },
    ),
    Quirk(
        number=55,
        rows=(NATIVE, *UVICORN, "daphne"),
        does="WebSockets over HTTP/2 aren't supported.",
        clauses=("H2",),
        cases=("accept.over_http2", "accept.no_accept_key_over_http2"),
        repair={Where.NOWHERE: "connections are over HTTP/1.1 alone."},
        absent=("no_accept_key_over_http2", "over_http2"),
        upstream=(
            "Kludex/zttp#277",
            "https://github.com/django/daphne/blob/4.2.3/daphne/http_protocol.py#L404-L409",
        ),
    ),
    Quirk(
        number=60,
        rows=(WSPROTO,),
        does="An offer of permessage-deflate with invalid parameters makes accept fail.",
        clauses=("H2",),
        cases=("accept.malformed_extension_offer",),
        repair={Where.NOWHERE: INSTEAD},
        absent=("malformed_extension_offer",),
        upstream=(f"{WSPROTO_SOURCE}/extensions.py#L162",),
    ),
    Quirk(
        number=61,
        rows=(WEBSOCKETS,),
        does="Close doesn't find the peer's answer behind unread messages.",
        clauses=("C3",),
        cases=("close.close_with_unread_messages",),
        repair={Where.CONNECTION: "`uvicorn.websockets.ForgetsUnread` makes room for what comes."},
    ),
    Quirk(
        number=69,
        rows=(WSPROTO, *HYPERCORN),
        does="The peer's close code 1014 is treated as an error.",
        clauses=("C1",),
        cases=("close.peers_newest_code",),
        repair={
            Where.CONNECTION: "`repairs.wsproto.ReadsBadGateway` has wsproto read it like any other code."
        },
        upstream=(f"{WSPROTO_SOURCE}/frame_protocol.py#L539-L546",),
    ),
    Quirk(
        number=77,
        rows=UVICORN,
        does="A send that waits doesn't notice the peer's close until the peer reads.",
        clauses=("C6",),
        cases=(
            "pressure.end_of_a_peer_that_does_not_read",
            "pressure.close_of_a_peer_that_does_not_read",
        ),
        repair={
            Where.CONNECTION: "`uvicorn.transport.WakesSenders` or `uvicorn.websockets.TellsWhyItFailed` "
            "ends it.",
        },
    ),
    Quirk(
        number=81,
        rows=(WSPROTO, *HYPERCORN),
        does="After a ping, the rest of a compressed message is read as uncompressed.",
        clauses=("M1",),
        cases=("compression.ping_between_fragments",),
        repair={Where.CONNECTION: "`repairs.wsproto.RemembersCompression` has wsproto remember."},
        upstream=("python-hyper/wsproto#205",),
    ),
    Quirk(
        number=82,
        rows=(WSPROTO,),
        does="A message before accept is lost, also one in the same packet as the handshake.",
        clauses=("M5",),
        cases=("accept.message_behind_the_handshake", "accept.message_before_accept"),
        repair={Where.NOWHERE: INSTEAD},
        absent=("early_message", "message_before_accept"),
        upstream=(f"{WSPROTO_SOURCE}/handshake.py#L132-L145",),
    ),
    Quirk(
        number=83,
        rows=(WEBSOCKETS,),
        does="A denial with a status that Python doesn't name fails.",
        clauses=("H3",),
        cases=("deny.unnamed_status",),
        repair={Where.NOWHERE: INSTEAD},
        absent=("denial_unnamed_status",),
        upstream=(f"{SOURCE}/websockets/websockets_impl.py#L314",),
    ),
    Quirk(
        number=84,
        rows=(WSPROTO,),
        does="The header lines `Sec-WebSocket-Protocol` and `Sec-WebSocket-Extensions` are missing.",
        clauses=("N1",),
        cases=("asgi.scope.handshake_headers",),
        repair={Where.NOWHERE: INSTEAD},
        absent=("handshake_headers",),
        upstream=(f"{SOURCE}/websockets/wsproto_impl.py#L228-L229",),
    ),
    Quirk(
        number=85,
        rows=(WEBSOCKETS,),
        does="Header values beyond ASCII are sent as UTF-8.",
        clauses=("H3", "N3"),
        cases=("deny.latin1_header", "asgi.accept.headers"),
        repair={Where.CONNECTION: "`uvicorn.websockets.WritesLatin1` sends them as ISO-8859-1."},
        upstream=(f"{LEGACY}/server.py#L311-L316",),
    ),
    Quirk(
        number=86,
        rows=(WEBSOCKETS,),
        does="Accept seems to succeed after the peer has left.",
        clauses=("H5",),
        cases=("accept.peer_left_before_accept",),
        repair={Where.NOWHERE: INSTEAD},
        absent=("loss_before_accept",),
        upstream=(f"{SOURCE}/websockets/websockets_impl.py#L294",),
    ),
    Quirk(
        number=87,
        rows=(*UVICORN, *HYPERCORN, "daphne"),
        does="The peer's close is answered at once, so the answers to messages in the same packet are lost.",
        clauses=("C4",),
        cases=("end.answers_before_close",),
        repair={Where.NOWHERE: "`anysocket serve` uses anysocket's own connection on uvicorn and hypercorn."},
        absent=("answers_before_close",),
        upstream=(
            f"{SOURCE}/websockets/websockets_sansio_impl.py#L389-L391",
            "https://github.com/pgjones/hypercorn/blob/0.18.0/src/hypercorn/protocol/ws_stream.py#L323-L326",
        ),
    ),
)
