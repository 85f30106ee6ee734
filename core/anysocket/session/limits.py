"""The message limit of `serve` and `running`, which every application under them keeps."""

from contextvars import ContextVar

SERVED_MESSAGE_SIZE: ContextVar[int | None] = ContextVar("anysocket.max_message_size", default=None)
"""Bytes in one message; takes the place of the application's own limit. None leaves that as it is."""
