"""Deadlines are met within a tick, and cost nothing once they are gone."""

import gc
import math
import weakref
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anysocket_protocol.clock import TICK, Clock, clock
from anysocket_protocol.turn import turn
from tests.protocol.bench import BenchLoop


class Thing:
    """Something with a deadline."""

    def __init__(self, loop: BenchLoop) -> None:
        self.loop = loop
        self.deadline = math.inf
        self.tick: int | None = None
        self.overdue_at: list[float] = []

    def overdue(self, now: float) -> None:
        assert now == self.loop.now
        self.overdue_at.append(now)


@pytest.fixture
def loop() -> Iterator[BenchLoop]:
    loop = BenchLoop()
    yield loop
    assert not loop.errors
    loop.close()


def timers(clock: Clock) -> object:
    """What the clock holds."""
    return clock._ticks  # pyright: ignore[reportPrivateUsage]


deadlines = st.one_of(st.floats(0, 3), st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.1, math.inf]))
steps = st.lists(
    st.one_of(st.tuples(st.integers(0, 4), deadlines), st.floats(0.001, 1)),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(steps)
def test_no_deadline_is_missed(steps: list[tuple[int, float] | float]) -> None:
    """Not early, not late by more than a tick, and once; whatever is put off, brought forward or dropped."""
    loop = BenchLoop()
    things = [Thing(loop) for _ in range(5)]
    due = [math.inf] * 5
    for step in steps:
        if isinstance(step, tuple):
            which, deadline = step
            due[which] = loop.now + deadline
            clock(loop).set(things[which], due[which])
            continue
        end = loop.now + step
        while loop.now < end:
            loop.now = min(end, loop.now + 0.01)
            loop.turn(2)
            for index, thing in enumerate(things):
                if thing.overdue_at:
                    assert thing.overdue_at == [loop.now]
                    assert due[index] <= loop.now
                    thing.overdue_at, due[index] = [], math.inf
                assert loop.now < due[index] + TICK + 0.02
    for thing in things:
        clock(loop).set(thing, math.inf)
    assert not timers(clock(loop))
    loop.now += 10
    loop.turn(2)
    assert not any(thing.overdue_at for thing in things)
    assert not loop.errors
    loop.close()


def test_many_deadlines_are_one_timer(loop: BenchLoop) -> None:
    things = [Thing(loop) for _ in range(1000)]
    with patch.object(loop, "call_at", wraps=loop.call_at) as call_at:
        for number, thing in enumerate(things):
            clock(loop).set(thing, loop.now + 1 + number / 1000)
    assert call_at.call_count == 1
    loop.advance(2.2)
    assert all(len(thing.overdue_at) == 1 for thing in things)
    assert not timers(clock(loop))


def test_one_that_drops_another(loop: BenchLoop) -> None:
    """The deadline of the second has come too; it isn't called any more."""
    first, second = Thing(loop), Thing(loop)

    def drops(now: float) -> None:
        first.overdue_at.append(now)
        clock(loop).set(second if first.overdue_at else first, math.inf)

    first.overdue = second.overdue = drops  # type: ignore[method-assign]
    for thing in (first, second):
        clock(loop).set(thing, loop.now + 1)
    loop.advance(2)
    assert not timers(clock(loop))


def test_one_that_fails(loop: BenchLoop) -> None:
    """The others are called, and the clock goes on."""
    things = [Thing(loop) for _ in range(5)]

    def fails(now: float) -> None:
        things[2].overdue_at.append(now)
        raise LookupError

    things[2].overdue = fails  # type: ignore[method-assign]
    for thing in things:
        clock(loop).set(thing, loop.now + 1)
    loop.advance(1.3)
    assert [len(thing.overdue_at) for thing in things] == [1] * 5
    assert len(loop.errors) == 1
    loop.errors.clear()


def test_an_event_loop_that_is_gone_leaves_nothing() -> None:
    loop = BenchLoop()
    thing = Thing(loop)
    clock(loop).set(thing, loop.now + 1)
    turn(loop).begin()
    loop.turn()
    clocks, gone = weakref.ref(clock(loop)), weakref.ref(loop)
    loop.close()
    del loop, thing.loop
    gc.collect()
    assert gone() is None
    assert clocks() is None


def test_turns(loop: BenchLoop) -> None:
    """One number within a turn, another in each."""
    numbers: list[list[int]] = []
    for _ in range(3):
        numbers.append([])
        for _ in range(2):
            loop.call_soon(lambda: numbers[-1].append(turn(loop).begin()))
        loop.turn(2)
    assert all(len(set(each)) == 1 for each in numbers)
    assert len({each[0] for each in numbers}) == 3
