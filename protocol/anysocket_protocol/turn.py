"""The turns of an event loop: a connection writes at once in each turn, and then at the turn's end."""

import asyncio
from weakref import WeakKeyDictionary, ref


class Turn:
    """The present turn of an event loop, for all of its connections."""

    __slots__ = ("_begun", "_loop", "number")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.number: int = 0
        """Differs from turn to turn in which something is written."""
        self._begun = False
        self._loop = ref(loop)

    def begin(self) -> int:
        """Give the number of the turn in which this is called."""
        if not self._begun:
            loop = self._loop()
            assert loop is not None  # it runs
            self._begun = True
            self.number += 1
            loop.call_soon(self._end)
        return self.number

    def _end(self) -> None:
        self._begun = False


_turns = WeakKeyDictionary[asyncio.AbstractEventLoop, Turn]()


def turn(loop: asyncio.AbstractEventLoop) -> Turn:
    """Give the turns of an event loop."""
    found = _turns.get(loop)
    if found is None:
        found = _turns[loop] = Turn(loop)
    return found
