"""The connection as a handler sees it: five members, the same on every server."""

from typing import Protocol

from anysocket.close import CloseCode
from anysocket.handshake import HeaderLines

MAX_MESSAGE_SIZE = 16 * 1024 * 1024
"""The default limit of a received message, in bytes (contract M3)."""

CLOSE_TIMEOUT = 10.0
"""The default time that close waits for a silent peer, in seconds (contract C3)."""


class WebSocket(Protocol):
    """One connection, from the handshake to its end, the same on every server."""

    @property
    def code(self) -> int | None:
        """The close code, and None until the connection is closed (contract C1).

        The peer's code when the peer closed, 1005 when it gave none; our own when we closed,
        whatever the server reports; 1006 when the connection broke or never opened; 1002, 1007
        or 1009 when the peer broke the protocol.
        """
        ...

    async def accept(self, subprotocol: str | None = None, headers: HeaderLines = ()) -> None:
        """Open the connection (contract H2).

        Args:
            subprotocol: one of those that the peer offered.
            headers: lines to add to the response of the handshake.

        Raises:
            ValueError: the subprotocol wasn't offered, or a header can't be sent. Nothing has
                been sent, and the handshake can still be answered.
            Unsupported: the server can't send the subprotocol or the headers. As above.
            InvalidState: the handshake has been answered before.
            ConnectionClosed: the peer has left (contract H5).
        """
        ...

    async def receive(self) -> str | bytes | None:
        """Wait for the next message: str for text, bytes for binary, None at the end.

        At the end it returns None, every time (contract C4), and `code` says why. A cancelled call
        loses no message (contract M2).

        Raises:
            InvalidState: before accept, while another task waits in receive, or when a handler
                ignores the end and has called it a hundred times since.
        """
        ...

    async def send(self, data: str | bytes | bytearray | memoryview) -> None:
        """Send a message: text from str, binary from the three types of bytes (contract M1).

        Waits while the peer reads too slowly. A cancelled call may or may not have sent; close
        still works (contract M2).

        Raises:
            TypeError: data has another type. Nothing has been sent.
            UnicodeEncodeError: a str with a lone surrogate. Nothing has been sent.
            InvalidState: before accept.
            ConnectionClosed: the peer has left, or the connection was closed (contract C4).
        """
        ...

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the connection; before accept, deny it with 403 (contract H3).

        It may be called again, and after the peer has left: then it does nothing. It returns
        within the close timeout even when the peer stays silent (contract C3).

        Args:
            code: 1000-1003, 1007-1014 or 3000-4999.
            reason: at most 123 bytes of UTF-8.

        Raises:
            ValueError: the code or the reason can't be sent. Nothing has been sent, and the
                connection stays as it was.
            InvalidState: before accept, while another task answers the handshake.
        """
        ...
