"""Error handlers: they turn an exception that escapes from a handler into a close."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from anysocket.close import Close, cut
from anysocket.errors import BadMessage

Error = TypeVar("Error", bound=Exception)


def handle_bad_message(error: BadMessage) -> Close:
    """Close with the code and the reason of the codec, unless an application has its own handler."""
    # A codec of an application may quote the message, whose lone surrogates can't be sent back.
    return Close(error.code, cut(error.reason.encode(errors="replace").decode()))


class ErrorHandlers:
    """The error handlers of an application, by the class of the exception."""

    def __init__(self) -> None:
        self._handlers: dict[type, Callable[[Exception], Close]] = {}
        self.add(BadMessage, handle_bad_message)

    def add(self, kind: type[Error], handler: Callable[[Error], Close]) -> None:
        """Add a handler for a class of exceptions and its subclasses."""

        def checked(error: Exception) -> Close:
            assert isinstance(error, kind)
            return handler(error)

        self._handlers[kind] = checked

    def close_for(self, error: Exception) -> Close | None:
        """Call the handler of the nearest class of an exception; None where there is no handler."""
        for kind in type(error).__mro__:
            if kind in self._handlers:
                return self._handlers[kind](error)
        return None


def leaves(error: Exception) -> Iterator[Exception]:
    """Give an exception itself, or all exceptions in a group."""
    match error:
        case ExceptionGroup(exceptions=errors):
            for each in errors:
                yield from leaves(each)
        case _:
            yield error
