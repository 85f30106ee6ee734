"""A wait with a time limit: it goes on after its block, and leaves other cancellations alone."""

import asyncio
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest

from anysocket.session.bounded import bounded

pytestmark = pytest.mark.anyio

SOON = 0.01
NEVER = 3600.0


async def test_it_goes_on_when_the_time_is_over() -> None:
    went_on = False
    with bounded(SOON):
        await anyio.sleep_forever()
        went_on = True
    assert not went_on
    await anyio.lowlevel.checkpoint()  # the cancellation is over


async def test_what_ends_in_time_is_left_alone() -> None:
    with bounded(SOON):
        await anyio.lowlevel.checkpoint()
    await anyio.sleep(2 * SOON)


async def test_exceptions_come_through() -> None:
    with pytest.raises(LookupError), bounded(NEVER):
        raise LookupError


async def test_a_block_that_goes_on_waiting_is_ended_all_the_same() -> None:
    cancelled = anyio.get_cancelled_exc_class()
    with bounded(SOON):
        with suppress(cancelled):
            await anyio.sleep_forever()
        await anyio.sleep_forever()


async def test_the_inner_of_two() -> None:
    reached: list[str] = []
    with bounded(NEVER):
        with bounded(SOON):
            await anyio.sleep_forever()
        reached.append("between")
        await anyio.lowlevel.checkpoint()
        reached.append("end")
    assert reached == ["between", "end"]


async def test_the_outer_of_two() -> None:
    reached: list[str] = []
    with bounded(SOON):
        with bounded(NEVER):
            await anyio.sleep_forever()
        reached.append("between")
    assert reached == []


async def test_a_cancel_scope_around_it() -> None:
    reached = False
    with anyio.move_on_after(SOON) as scope:
        with bounded(NEVER):
            await anyio.sleep_forever()
        reached = True
    assert scope.cancelled_caught
    assert not reached


async def test_a_cancel_scope_within() -> None:
    with bounded(NEVER):
        with anyio.move_on_after(SOON) as scope:
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
    assert scope.cancelled_caught


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_task_that_is_cancelled_at_the_same_time_ends() -> None:
    waiting = asyncio.Event()

    async def wait() -> None:
        with bounded(SOON):
            waiting.set()
            await asyncio.sleep(NEVER)
        pytest.fail("it has swallowed the cancellation")

    task = asyncio.ensure_future(wait())
    await waiting.wait()
    deadline = asyncio.get_running_loop().time() + SOON
    while asyncio.get_running_loop().time() < deadline:  # the timer is due in the next iteration of the loop
        pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_task_that_swallowed_the_cancellation_isnt_cancelling_any_more() -> None:
    with bounded(SOON), suppress(asyncio.CancelledError):
        await asyncio.sleep(NEVER)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
