"""The turns of an event loop: what is written in one turn goes out in one or two writes."""

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary


class Held(Protocol):
    """What holds something back until the end of a turn."""

    def release(self) -> None:
        """Let it go."""
        ...


class Turn:
    """The present turn of an event loop, for all of its connections."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.done: asyncio.Future[None] = loop.create_future()
        """Done already: the cheapest thing to await."""
        self.done.set_result(None)
        self.number: int = 0
        """Differs from turn to turn in which something is written."""
        self._begun = False
        self._held: list[Held] = []

    def begin(self) -> int:
        """Give the number of the turn in which this is called."""
        if not self._begun:
            self._begun = True
            self.number += 1
            self._loop.call_soon(self._end)
        return self.number

    def hold(self, held: Held) -> None:
        """Call `held.release` at the end of this turn."""
        self._held.append(held)

    def _end(self) -> None:
        self._begun = False
        held, self._held = self._held, []
        for each in held:
            each.release()


_turns = WeakKeyDictionary[asyncio.AbstractEventLoop, Turn]()


def turn(loop: asyncio.AbstractEventLoop) -> Turn:
    """Give the turns of an event loop."""
    found = _turns.get(loop)
    if found is None:
        found = _turns[loop] = Turn(loop)
    return found
