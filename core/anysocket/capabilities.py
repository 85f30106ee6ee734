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
    latin1_headers: Support = _capability("H1", "header values beyond ASCII")
    all_subprotocol_lines: Support = _capability("H1", "the subprotocols of every header line")
    path_below_root: Support = _capability("H1", "the path as the peer sent it, when there is a root path")
    integer_ports: Support = _capability("H1", "ports as integers")
    accept_headers: Support = _capability("H2", "headers in the response that opens the connection")
    denial_header_duplicates: Support = _capability("H3", "a header that occurs twice in a denial")
    denial_cookies: Support = _capability("H3", "Set-Cookie twice in a denial")
    denial_latin1_headers: Support = _capability("H3", "header values beyond ASCII in a denial")
    denial_unnamed_status: Support = _capability("H3", "a status that the RFCs don't name")
    loss_before_accept: Support = _capability("H5", "a peer that leaves before accept")
    lone_surrogates: Support = _capability("M1", "a str without UTF-8 refused")
    oversized_frame_code: Support = _capability(
        "M3", "1009 on the wire for one frame above the server's own limit"
    )
    oversized_message_code: Support = _capability(
        "M3", "1009 at the handler for fragments above the server's own limit"
    )
    early_message: Support = _capability("M5", "a message in the packet of the handshake")
    peer_close_code: Support = _capability("C1", "the code that the peer closed with")
    peer_close_reason: Support = _capability("C1", "the reason that the peer closed with")
    no_close_code: Support = _capability("C1", "a close frame without a code told from a lost connection")
    abnormal_closure: Support = _capability("C1", "a lost connection as 1006")
    protocol_error_close: Support = _capability("C1", "1002 on the wire for a peer that breaks the protocol")
    invalid_close_code_close: Support = _capability(
        "C1", "1002 on the wire for a close frame with an invalid code"
    )
    invalid_text_close: Support = _capability("C1", "1007 on the wire for text that isn't UTF-8")
    protocol_error_code: Support = _capability("C1", "1002 and 1007 at the handler")
    close_while_receiving: Support = _capability("C3", "closing while another task receives")
    end_while_sending: Support = _capability("C6", "the end noticed by a handler that only sends")


def described() -> dict[str, tuple[str, str]]:
    """Give each capability's clause and what it says, by name."""
    return {each.name: (each.metadata["clause"], each.metadata["says"]) for each in fields(Capabilities)}
