"""Common questions about servers: each selects the needs of its answer."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Question:
    """The end of a question that begins with "Which server"."""

    asks: str
    needs: tuple[str, ...]
    """The capabilities that a server must have."""


QUESTIONS: Final = (
    Question("keeps the peer's close reason", ("peer_close_reason",)),
    Question("speaks HTTP/2 and compresses", ("over_http2", "compression")),
    Question("speaks HTTP/2", ("over_http2",)),
    Question("compresses", ("compression",)),
    Question(
        "keeps codes and reasons both ways",
        ("close_code", "close_reason", "peer_close_code", "peer_close_reason"),
    ),
    Question("chooses subprotocols and sets headers", ("accept_subprotocol", "accept_headers")),
    Question("denies with a response of your own", ("denial_status", "denial_response")),
    Question("makes fast senders wait", ("send_pressure", "receive_pressure")),
    Question("notices the end while only sending", ("end_while_sending",)),
    Question("notices dead peers", ("keepalive",)),
)
