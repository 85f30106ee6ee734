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

    header_order: Support = _capability("H1", "the order of header lines of different names")
    header_duplicates: Support = _capability("H1", "header lines of one name kept apart")
    header_underscores: Support = _capability("H1", "header names with an underscore")
    latin1_headers: Support = _capability("H1", "header values beyond ASCII")
    all_subprotocol_lines: Support = _capability("H1", "the subprotocols of every header line")
    empty_subprotocols: Support = _capability("H1", "empty elements in the list of subprotocols")
    path_below_root: Support = _capability("H1", "the path as the peer sent it, when there is a root path")
    path_parameters: Support = _capability("H1", "what follows a semicolon in the path")
    raw_path: Support = _capability("H1", "the path before it was decoded")
    integer_ports: Support = _capability("H1", "ports as integers")
    peer_addresses: Support = _capability("H1", "the addresses of the peer's own connection")
    peer_scheme: Support = _capability("H1", "the scheme that the peer has asked for")
    over_http2: Support = _capability("H2", "connections over HTTP/2")
    no_accept_key_over_http2: Support = _capability(
        "H2", "an answer over HTTP/2 without the proof of HTTP/1.1"
    )
    accept_subprotocol: Support = _capability("H2", "the chosen subprotocol in the response")
    accept_headers: Support = _capability("H2", "headers in the response that opens the connection")
    compression: Support = _capability("H2", "messages compressed with permessage-deflate (RFC 7692)")
    malformed_extension_offer: Support = _capability("H2", "an extension offered without sense declined")
    denial_without_upgrade_headers: Support = _capability(
        "H3", "a denial without the headers that open a connection"
    )
    denial_status: Support = _capability("H3", "a denial with another status than 403")
    denial_response: Support = _capability("H3", "headers and a body in a denial")
    denial_header_duplicates: Support = _capability("H3", "a header that occurs twice in a denial")
    denial_cookies: Support = _capability("H3", "Set-Cookie twice in a denial")
    denial_latin1_headers: Support = _capability("H3", "header values beyond ASCII in a denial")
    denial_unnamed_status: Support = _capability("H3", "a status that the RFCs don't name")
    no_answer: Support = _capability("H4", "500 for a handler that returns without an answer")
    loss_before_accept: Support = _capability("H5", "a peer that leaves before accept")
    disconnect_before_accept: Support = _capability(
        "N2", "a peer that leaves before accept, told to who waits for it"
    )
    empty_messages: Support = _capability("M1", "empty messages sent")
    compressed_with_ping: Support = _capability("M1", "a ping between the fragments of a compressed message")
    lone_surrogates: Support = _capability("M1", "a str without UTF-8 refused")
    cancelled_receive: Support = _capability("M2", "no message lost by a receive that is cancelled")
    cancelled_send: Support = _capability("M2", "closing after a send that is cancelled")
    oversized_frame_code: Support = _capability(
        "M3", "1009 on the wire for one frame above the server's own limit"
    )
    oversized_message_code: Support = _capability(
        "M3", "1009 at the handler for fragments above the server's own limit"
    )
    suspended_sends: Support = _capability("M4", "sends of several tasks that wait for the peer")
    send_pressure: Support = _capability("M4", "a send that waits for a peer that reads slowly")
    receive_pressure: Support = _capability("M4", "a peer that waits for a handler that receives slowly")
    shared_connection: Support = _capability(
        "M4", "a handler that doesn't receive leaves those alone that share its TCP connection"
    )
    early_message: Support = _capability("M5", "a message in the packet of the handshake")
    message_before_accept: Support = _capability("M5", "a message that comes before accept")
    close_code: Support = _capability("C1", "our close code on the wire")
    close_codes: Support = _capability("C1", "our close codes other than 1000 and 3000-4999")
    close_reason: Support = _capability("C1", "our close reason on the wire")
    close_echo: Support = _capability("C1", "the peer's close answered with its own code")
    peer_close_code: Support = _capability("C1", "the code that the peer closed with")
    peer_code_1014: Support = _capability("C1", "1014 as the code that the peer closed with")
    peer_close_reason: Support = _capability("C1", "the reason that the peer closed with")
    no_close_code: Support = _capability("C1", "a close frame without a code told from a lost connection")
    abnormal_closure: Support = _capability("C1", "a lost connection as 1006")
    half_closed: Support = _capability("C1", "a connection that ends in the peer's direction, as 1006")
    protocol_error_close: Support = _capability("C1", "1002 on the wire for a peer that breaks the protocol")
    invalid_close_code_close: Support = _capability(
        "C1", "1002 on the wire for a close frame with an invalid code"
    )
    invalid_text_close: Support = _capability("C1", "1007 on the wire for text that isn't UTF-8")
    protocol_error_code: Support = _capability("C1", "1002 and 1007 at the handler")
    close_while_receiving: Support = _capability("C3", "closing while another task receives")
    close_with_unread: Support = _capability("C3", "closing while messages wait that nobody has received")
    end_while_sending: Support = _capability("C6", "the end noticed by a handler that only sends")
    end_while_suspended: Support = _capability("C6", "the end noticed while sends wait for the peer")
    end_behind_unread: Support = _capability("C6", "the end noticed behind messages that are unread")
    keepalive: Support = _capability("L3", "a dead peer noticed")
    pong_while_busy: Support = _capability("L3", "pings answered while the handler is busy")
    pong_behind_unread: Support = _capability("L3", "pings answered behind messages that are unread")


def described() -> dict[str, tuple[str, str]]:
    """Give each capability's clause and what it says, by name."""
    return {each.name: (each.metadata["clause"], each.metadata["says"]) for each in fields(Capabilities)}
