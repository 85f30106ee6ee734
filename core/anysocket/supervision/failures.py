"""What becomes of the exceptions that escape from handlers."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from anysocket.close import Close, cut
from anysocket.errors import BadMessage

Failure = TypeVar("Failure", bound=Exception)


def answer_bad_message(error: BadMessage) -> Close:
    """Close with what the codec says, unless an application answers otherwise."""
    # A codec of one's own may quote what it got, and what that has may not go back: lone surrogates.
    return Close(error.code, cut(error.reason.encode(errors="replace").decode()))


class Failures:
    """Which exceptions are an application's way to close a connection, and with what."""

    def __init__(self) -> None:
        self._answers: dict[type, Callable[[Exception], Close]] = {}
        self.add(BadMessage, answer_bad_message)

    def add(self, kind: type[Failure], answer: Callable[[Failure], Close]) -> None:
        """Answer a kind of exception, and those derived from it."""

        def checked(error: Exception) -> Close:
            assert isinstance(error, kind)
            return answer(error)

        self._answers[kind] = checked

    def close_for(self, error: Exception) -> Close | None:
        """Give the answer to an exception: that of its nearest class."""
        for kind in type(error).__mro__:
            if kind in self._answers:
                return self._answers[kind](error)
        return None


def leaves(error: Exception) -> Iterator[Exception]:
    """Give an exception, or all that are in a group."""
    match error:
        case ExceptionGroup(exceptions=errors):
            for each in errors:
                yield from leaves(each)
        case _:
            yield error
