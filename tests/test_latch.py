"""An event that happens once."""

import anyio
import pytest

from anysocket_adapters.lazy_event import LazyEvent

pytestmark = pytest.mark.anyio


async def test_whoever_waits_is_woken() -> None:
    latch, woken = LazyEvent(), list[int]()

    async def wait(number: int) -> None:
        await latch.wait()
        woken.append(number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, 1)
        tasks.start_soon(wait, 2)
        await anyio.wait_all_tasks_blocked()
        assert not latch.is_set
        assert not woken
        latch.set()
    assert sorted(woken) == [1, 2]


async def test_what_has_happened_is_not_waited_for() -> None:
    latch = LazyEvent()
    latch.set()
    assert latch.is_set
    with anyio.fail_after(5):
        await latch.wait()
