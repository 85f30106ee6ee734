"""The failure that has been logged: a connection of anysocket's own sees it too, and is silent then."""

from contextvars import ContextVar

LOGGED: ContextVar[BaseException | None] = ContextVar("anysocket.logged", default=None)
"""The exception that the core has logged last for this connection.

Not a mark on the exception: a program may raise the same one in several connections.
"""
