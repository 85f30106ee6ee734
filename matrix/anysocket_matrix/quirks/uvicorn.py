"""The quirks of uvicorn and its three WebSocket implementations."""

from typing import Final

from anysocket_matrix.quirks.hypercorn import HYPERCORN
from anysocket_matrix.quirks.quirk import Quirk, Where

SANS_IO: Final = "uvicorn"
WEBSOCKETS: Final = "uvicorn-websockets"
WSPROTO: Final = "uvicorn-wsproto"
UVICORN: Final = (SANS_IO, WEBSOCKETS, WSPROTO)
SOURCE: Final = "https://github.com/Kludex/uvicorn/blob/0.54.0/uvicorn/protocols"

QUIRKS: Final = (
    Quirk(
        number=1,
        rows=(SANS_IO, WSPROTO),
        does="Reading pauses at the first unread message. The end of the connection and pongs behind it "
        "aren't noticed, so a busy handler's live peer is closed with 1011.",
        clauses=("L3", "C6"),
        cases=(
            "pressure.ping_behind_unread_messages",
            "lifecycle.live_peer_of_a_busy_handler",
            "end.only_sending_with_messages_unread",
            "end.only_sending_with_messages_unread_to_a_waiting_peer",
        ),
        repair={
            Where.CONNECTION: "`uvicorn.sansio.ReadsAhead` and `uvicorn.wsproto.ReadsAhead` let up to 32 "
            "messages or 1 MiB be unread. `uvicorn.transport.TrustsWhilePaused` takes no peer for dead while "
            "reading pauses.",
        },
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
        rows=UVICORN,
        does="A message in the same packet as the handshake is lost; with wsproto, so is a message before "
        "accept.",
        clauses=("M5",),
        cases=("accept.message_behind_the_handshake", "accept.message_before_accept"),
        repair={
            Where.SERVE: "`uvicorn.http.HandsOnEarlyBytes` hands on what comes behind the request.",
            Where.CONNECTION: "`uvicorn.wsproto.TakesEarlyBytes` finds it in wsproto's parser.",
        },
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
        does="Only the first part of a denial's body is sent, its headers are sent as UTF-8, and a status "
        "that Python doesn't name fails.",
        clauses=("H3", "N3"),
        cases=("deny.long_body", "deny.latin1_header", "deny.unnamed_status", "asgi.deny.chunks_over_time"),
        repair={
            Where.CORE: "`handshake.Denial` has one body.",
            Where.CONNECTION: "`uvicorn.websockets.WritesDenial` writes such a response itself.",
        },
        upstream=(f"{SOURCE}/websockets/websockets_impl.py#L313-L319",),
    ),
    Quirk(
        number=11,
        rows=(WEBSOCKETS,),
        does="A request header with characters beyond ASCII gives 500.",
        clauses=("H1",),
        cases=("request.header_latin1",),
        repair={Where.SERVE: "`uvicorn.websockets.ReadsLatin1` reads headers as ISO-8859-1."},
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
        rows=UVICORN,
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
        clauses=("M4",),
        cases=("pressure.two_suspended_sends", "pressure.close_behind_a_suspended_send"),
        repair={Where.CONNECTION: "`uvicorn.websockets.LetsManyWait` has them wait one behind the other."},
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
            Where.CONNECTION: "`uvicorn.websockets.TellsWhyItFailed` waits no longer than half a second for "
            "the peer, and gives the code that was sent.",
        },
    ),
    Quirk(
        number=54,
        rows=(WEBSOCKETS, *HYPERCORN, "daphne"),
        does="Accept seems to succeed after the peer has left.",
        clauses=("H5",),
        cases=("accept.peer_left_before_accept",),
        repair={
            Where.ADAPTER: "`uvicorn.websockets.UvicornWebSocketsTransport.accept`, "
            "`hypercorn.stream.HypercornTransport.accept` and `daphne.transport.DaphneTransport.accept` "
            "look.",
        },
        upstream=(f"{SOURCE}/websockets/websockets_impl.py#L294",),
    ),
    Quirk(
        number=55,
        rows=(*UVICORN, "daphne"),
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
        repair={Where.CONNECTION: "`uvicorn.wsproto.ReadsOffers` goes on without it."},
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
        upstream=(
            "https://github.com/python-hyper/wsproto/blob/1.3.2/src/wsproto/frame_protocol.py#L539-L546",
        ),
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
            Where.CONNECTION: "`uvicorn.sansio.WakesSenders`, `uvicorn.wsproto.WakesSenders` or "
            "`uvicorn.websockets.LetsManyWait` ends it.",
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
)
