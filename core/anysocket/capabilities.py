"""What a server may lack: one field per such behaviour, and the clause that its absence takes away.

An adapter declares its server's support here once; the runtime, the matrix and the documentation
read this declaration. A field left out is NATIVE.
"""

from dataclasses import dataclass, field, fields
from enum import Enum


class Support(Enum):
    """How a server comes by a capability; the matrix proves it in both directions."""

    NATIVE = "native"
    """The plain ASGI transport passes."""
    REPAIRED = "repaired"
    """The plain ASGI transport fails, the adapter passes."""
    ABSENT = "absent"
    """The adapter fails too: the server loses the information."""


def _capability(clause: str, says: str) -> Support:
    return field(default=Support.NATIVE, metadata={"clause": clause, "says": says})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """A server's support for each behaviour that some server lacks."""

    header_order: Support = _capability("H1", "the order of header lines with different names")
    header_duplicates: Support = _capability("H1", "several header lines with the same name")
    header_underscores: Support = _capability("H1", "header names with an underscore")
    latin1_headers: Support = _capability("H1", "header values beyond ASCII")
    handshake_headers: Support = _capability("H1", "the header lines of the peer's offers")
    all_subprotocol_lines: Support = _capability("H1", "the subprotocols of every header line")
    empty_subprotocols: Support = _capability("H1", "an offer of subprotocols with empty elements")
    path_below_root: Support = _capability("H1", "the path as the peer sent it, also with a root path")
    path_parameters: Support = _capability("H1", "semicolons in the path")
    raw_path: Support = _capability("H1", "the path before it is decoded")
    integer_ports: Support = _capability("H1", "ports as integers")
    peer_addresses: Support = _capability("H1", "the TCP connection's addresses, whatever the headers say")
    peer_scheme: Support = _capability("H1", "the connection's scheme, whatever the headers say")
    over_http2: Support = _capability("H2", "WebSockets over HTTP/2")
    no_accept_key_over_http2: Support = _capability(
        "H2", "a response over HTTP/2 without the accept token of HTTP/1.1"
    )
    accept_subprotocol: Support = _capability("H2", "the chosen subprotocol in the response")
    accept_headers: Support = _capability("H2", "headers of accept in the response")
    compression: Support = _capability("H2", "messages compressed with permessage-deflate (RFC 7692)")
    malformed_extension_offer: Support = _capability(
        "H2", "a declined offer of permessage-deflate with invalid parameters"
    )
    denial_without_upgrade_headers: Support = _capability(
        "H3", "a denial without the headers that open a connection"
    )
    denial_status: Support = _capability("H3", "a denial with a status other than 403")
    denial_response: Support = _capability("H3", "headers and a body in a denial")
    denial_header_duplicates: Support = _capability("H3", "a repeated header in a denial")
    denial_cookies: Support = _capability("H3", "two Set-Cookie headers in a denial")
    denial_latin1_headers: Support = _capability("H3", "header values beyond ASCII in a denial")
    denial_unnamed_status: Support = _capability("H3", "a denial with a status that the RFCs don't name")
    no_answer: Support = _capability("H4", "500 after a handler that returns without an answer")
    loss_before_accept: Support = _capability("H5", "an accept that raises after the peer has left")
    disconnect_before_accept: Support = _capability(
        "N2", "a disconnect before accept, for a handler that waits for it"
    )
    empty_messages: Support = _capability("M1", "empty messages from the handler")
    compressed_with_ping: Support = _capability("M1", "a ping between the fragments of a compressed message")
    lone_surrogates: Support = _capability("M1", "an exception for a str with a lone surrogate")
    cancelled_receive: Support = _capability("M2", "a cancelled receive that loses no message")
    cancelled_send: Support = _capability("M2", "close after a cancelled send")
    oversized_frame_code: Support = _capability(
        "M3", "1009 for the peer after one frame above the server's own limit"
    )
    oversized_message_code: Support = _capability(
        "M3", "1009 for the handler after fragments above the server's own limit"
    )
    suspended_sends: Support = _capability("M4", "several tasks whose sends wait for the peer")
    send_pressure: Support = _capability("M4", "a send that waits for a peer that reads slowly")
    receive_pressure: Support = _capability("M4", "a peer that waits for a handler that receives slowly")
    shared_connection: Support = _capability(
        "M4", "a handler that doesn't receive and holds up no other connection of its TCP connection"
    )
    early_message: Support = _capability("M5", "a message in the same packet as the handshake")
    message_before_accept: Support = _capability("M5", "a message that arrives before accept")
    close_code: Support = _capability("C1", "the handler's close code for the peer")
    close_codes: Support = _capability("C1", "the handler's close codes other than 1000 and 3000-4999")
    close_reason: Support = _capability("C1", "the handler's close reason for the peer")
    close_echo: Support = _capability("C1", "the peer's own code in the answer to its close")
    peer_close_code: Support = _capability("C1", "the peer's close code for the handler")
    peer_code_1014: Support = _capability("C1", "the peer's close code 1014 for the handler")
    peer_close_reason: Support = _capability("C1", "the peer's close reason for the handler")
    no_close_code: Support = _capability(
        "C1", "the difference between a close frame without a code and a lost connection"
    )
    abnormal_closure: Support = _capability("C1", "1006 for the handler after a lost connection")
    half_closed: Support = _capability(
        "C1", "1006 for the handler after a connection ends only in the peer's direction"
    )
    protocol_error_close: Support = _capability("C1", "1002 for the peer after it breaks the protocol")
    invalid_close_code_close: Support = _capability(
        "C1", "1002 for the peer after a close frame with an invalid code"
    )
    invalid_text_close: Support = _capability("C1", "1007 for the peer after text that isn't UTF-8")
    protocol_error_code: Support = _capability(
        "C1", "1002 or 1007 for the handler after the peer breaks the protocol"
    )
    close_while_receiving: Support = _capability("C3", "close while another task receives")
    close_with_unread: Support = _capability("C3", "close while messages are unread")
    answers_before_close: Support = _capability(
        "C4", "the answers to messages in one packet with the peer's close"
    )
    end_while_sending: Support = _capability("C6", "the end of the connection, for a handler that only sends")
    end_while_suspended: Support = _capability("C6", "the end of the connection, while sends wait")
    end_behind_unread: Support = _capability("C6", "the end of the connection, behind unread messages")
    keepalive: Support = _capability("L3", "keepalive: the end of a connection whose peer is dead")
    pong_while_busy: Support = _capability("L3", "answers to pings while the handler is busy")
    pong_behind_unread: Support = _capability("L3", "pings and pongs behind unread messages")


def described() -> dict[str, tuple[str, str]]:
    """Give each capability's clause and what it says, by name."""
    return {each.name: (each.metadata["clause"], each.metadata["says"]) for each in fields(Capabilities)}
