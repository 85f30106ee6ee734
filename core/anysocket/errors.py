"""What can go wrong, grouped by who is at fault: you, the peer or the server.

A wrong argument is a plain `TypeError` or `ValueError`, as everywhere in Python.
"""


class WebSocketError(Exception):
    """The base of all errors of anysocket."""


class InvalidState(WebSocketError):
    """Yours: this can't be done in the connection's present state, such as sending before accept."""


class ConnectionClosed(WebSocketError):
    """The peer's: it has left, or the connection had ended before (contract C4).

    Attributes:
        code: the close code, as `WebSocket.code` gives it.
        reason: the close reason, empty when there was none.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code: int = code
        self.reason: str = reason

    def __str__(self) -> str:
        return f"the connection is closed: {self.code}" + (f" ({self.reason})" if self.reason else "")


class Unsupported(WebSocketError):
    """The server's: it lacks a capability that this call needs. Nothing has been sent."""


class BadMessage(WebSocketError):
    """The peer's: a message that isn't what the handler receives.

    A handler that lets it escape closes the connection with its code and reason. One that names
    it among what it receives, `Connection[Join | BadMessage, Said]`, gets it as a message.

    Attributes:
        message: what came.
        code: the close code that answers it: 1003 for the wrong kind of frame, 1007 otherwise.
        reason: what is wrong with it, as a close reason.
    """

    def __init__(self, message: str | bytes, code: int, reason: str) -> None:
        super().__init__(message, code, reason)
        self.message: str | bytes = message
        self.code: int = code
        self.reason: str = reason

    def __str__(self) -> str:
        return f"a message that can't be received: {self.reason}"
