"""Where a connection is in its life (RFC 6455 sections 4 and 7).

    REQUESTED ── the request has come ──> CONNECTING ── accepted ──> OPEN
    CONNECTING ── a response begins ──> RESPONDING ── it is complete ──> CLOSED
    OPEN ── we close ──> CLOSING ── the peer's close, or a timeout ──> CLOSED
    OPEN ── the peer closes ──> PEER_CLOSED ── our answer ──> CLOSED

Each of them becomes CLOSED when the peer is lost or breaks the protocol.
"""

from enum import IntEnum
from typing import Final


class State(IntEnum):
    """Where a connection is in its life."""

    REQUESTED = 0
    """The head of the request hasn't come yet."""
    CONNECTING = 1
    """The application has yet to answer."""
    RESPONDING = 2
    """It refuses with a response of its own, which isn't complete."""
    OPEN = 3
    PEER_CLOSED = 4
    """The peer has closed, and the application may still answer what came before."""
    CLOSING = 5
    """We have closed; the peer's close frame is awaited."""
    CLOSED = 6
    """Nothing is sent or received any more. TCP may still be there."""


# Reading a module's name costs a tenth of reading an enumeration's member.
REQUESTED: Final = State.REQUESTED
CONNECTING: Final = State.CONNECTING
RESPONDING: Final = State.RESPONDING
OPEN: Final = State.OPEN
PEER_CLOSED: Final = State.PEER_CLOSED
CLOSING: Final = State.CLOSING
CLOSED: Final = State.CLOSED
