"""The exceptions, grouped by who is at fault: you, the peer or the server.

A wrong argument is a plain `TypeError` or `ValueError`, as everywhere in Python.
"""


class WebSocketError(Exception):
    """The base of all errors of anysocket."""


class InvalidState(WebSocketError):
    """Your fault: the connection's state doesn't allow this now, such as sending before accept."""


class ConnectionClosed(WebSocketError):
    """The peer has left, or the connection had ended before (contract C4).

    Attributes:
        code: the close code, as `WebSocket.code` gives it.
        reason: the close reason, empty if there was none.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code: int = code
        self.reason: str = reason

    def __str__(self) -> str:
        return f"the connection is closed: {self.code}" + (f" ({self.reason})" if self.reason else "")


class Unsupported(WebSocketError):
    """The server lacks a capability that this call needs.

    Nothing has been sent, and the handshake can still be answered. `WebSocketRequest.capabilities`
    says beforehand what a server lacks.
    """


class BadMessage(WebSocketError):
    """The peer has sent a message that isn't of the type that the handler receives.

    If it escapes from a handler, the connection is closed with its code and reason. A handler of a
    `Connection[Join | BadMessage, Said]` receives it as a message instead.

    Attributes:
        message: the message itself.
        code: the close code for it: 1003 for the wrong kind of frame, otherwise 1007.
        reason: the mistake in it, as a close reason.
    """

    def __init__(self, message: str | bytes, code: int, reason: str) -> None:
        super().__init__(message, code, reason)
        self.message: str | bytes = message
        self.code: int = code
        self.reason: str = reason

    def __str__(self) -> str:
        return f"a message that can't be received: {self.reason}"
