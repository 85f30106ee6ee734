"""One clock for all connections of an event loop, in place of a timer for each."""

import asyncio
import math
from typing import Final, Protocol
from weakref import WeakKeyDictionary, ref

TICK: Final = 0.1
"""Seconds: how late a deadline may be noticed."""


class Timed(Protocol):
    """What has a deadline. It keeps both attributes for the clock."""

    deadline: float
    """In the event loop's time; `math.inf` for none."""
    tick: int | None
    """When the clock looks at it; None while it doesn't."""

    def overdue(self, now: float, /) -> None:
        """Do what is to be done at the deadline; a new one may be set."""
        ...


class Clock:
    """Looks at what has a deadline when that has come, and not before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)
        self._ticks: dict[int, set[Timed]] = {}
        """What is looked at, by the tick in which it is."""
        self._next: int | None = None
        """The tick in which it looks next. No timer is kept: that would keep the event loop."""

    def set(self, timed: Timed, deadline: float) -> None:
        """Give something a new deadline; `math.inf` lets go of it.

        One that is put off is looked at early, and then left for later: that costs less than to
        move it each time.
        """
        timed.deadline = deadline
        if deadline == math.inf:
            self._forget(timed)
            return
        tick = math.ceil(deadline / TICK)
        if timed.tick is not None and timed.tick <= tick:
            return
        self._forget(timed)
        timed.tick = tick
        self._ticks.setdefault(tick, set()).add(timed)
        self._look_by(tick)

    def _forget(self, timed: Timed) -> None:
        if timed.tick is not None:
            others = self._ticks[timed.tick]
            others.discard(timed)
            if not others:
                del self._ticks[timed.tick]
            timed.tick = None

    def _look_by(self, tick: int) -> None:
        """Look in this tick, if not before."""
        loop = self._loop()
        if loop is None or (self._next is not None and self._next <= tick):
            return
        self._next = tick
        loop.call_at(tick * TICK, self._look, tick)

    def _look(self, tick: int) -> None:
        loop = self._loop()
        if tick != self._next or loop is None:
            return  # an earlier look has replaced this one
        self._next, now = None, loop.time()
        try:
            for each in [each for each in self._ticks if each * TICK <= now]:
                for timed in tuple(self._ticks.get(each, ())):
                    self._look_after(timed, now)
        finally:  # one that fails stops no other
            if self._ticks:
                self._look_by(min(self._ticks))

    def _look_after(self, timed: Timed, now: float) -> None:
        self._forget(timed)
        if timed.deadline <= now:
            timed.deadline = math.inf
            timed.overdue(now)
        elif timed.deadline < math.inf:  # put off
            self.set(timed, timed.deadline)


_clocks = WeakKeyDictionary[asyncio.AbstractEventLoop, Clock]()


def clock(loop: asyncio.AbstractEventLoop) -> Clock:
    """Give the clock of an event loop."""
    found = _clocks.get(loop)
    if found is None:
        found = _clocks[loop] = Clock(loop)
    return found
