"""A task that waits is woken at once, and is cancelled as one that waits for a future."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import ContextVar

import anyio
import pytest
import uvloop

from anysocket_protocol.waiter import Waiter

Test = Callable[[Waiter, list[str]], Coroutine[None, None, None]]

where: ContextVar[str] = ContextVar("where", default="outside")


@pytest.fixture(params=["asyncio", "asyncio in debug mode", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Test], list[str]]:
    def running(test: Test) -> list[str]:
        log: list[str] = []

        async def main() -> None:
            await test(Waiter(asyncio.get_running_loop()), log)

        factory = uvloop.new_event_loop if request.param == "uvloop" else None
        with asyncio.Runner(debug="debug" in request.param, loop_factory=factory) as runner:
            runner.run(main())
        return log

    return running


async def waits(waiter: Waiter, log: list[str]) -> None:
    try:
        await waiter
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
    log.append("woken")


async def in_a_callback(act: Callable[[], object]) -> None:
    """Act outside of any task, as a transport's reader does."""
    done = asyncio.Event()

    def acting() -> None:
        act()
        done.set()

    asyncio.get_running_loop().call_soon(acting)
    await done.wait()


async def started(task: "asyncio.Task[None]") -> "asyncio.Task[None]":
    await asyncio.sleep(0)
    return task


def test_woken_within_the_call(run: Callable[[Test], list[str]]) -> None:
    async def test(waiter: Waiter, log: list[str]) -> None:
        task = await started(asyncio.create_task(waits(waiter, log)))

        def wake() -> None:
            waiter.wake()
            log.append("behind the call")

        await in_a_callback(wake)
        await task

    assert run(test) == ["woken", "behind the call"]


def test_woken_by_another_task(run: Callable[[Test], list[str]]) -> None:
    """That one goes on first: two tasks never run at once."""

    async def test(waiter: Waiter, log: list[str]) -> None:
        task = await started(asyncio.create_task(waits(waiter, log)))
        waiter.wake()
        log.append("behind the call")
        await task

    assert run(test) == ["behind the call", "woken"]


def test_again_and_again(run: Callable[[Test], list[str]]) -> None:
    async def test(waiter: Waiter, log: list[str]) -> None:
        async def waits_thrice() -> None:
            for _ in range(3):
                await waits(waiter, log)

        task = await started(asyncio.create_task(waits_thrice()))
        for _ in range(3):
            await in_a_callback(waiter.wake)
        await task

    assert run(test) == ["woken"] * 3


def test_waking_nobody(run: Callable[[Test], list[str]]) -> None:
    async def test(waiter: Waiter, log: list[str]) -> None:
        waiter.wake()
        assert not waiter.waiting

    assert run(test) == []


def test_cancelled(run: Callable[[Test], list[str]]) -> None:
    async def test(waiter: Waiter, log: list[str]) -> None:
        task = await started(asyncio.create_task(waits(waiter, log)))
        task.cancel("enough")
        waiter.wake()  # too late
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        await asyncio.wait_for(waits_and_is_woken(waiter, log), 1)

    assert run(test) == ["cancelled", "woken"]


async def waits_and_is_woken(waiter: Waiter, log: list[str]) -> None:
    asyncio.get_running_loop().call_soon(waiter.wake)
    await waits(waiter, log)


def test_cancelled_after_it_was_woken(run: Callable[[Test], list[str]]) -> None:
    """The cancellation isn't lost, whichever came first."""

    async def test(waiter: Waiter, log: list[str]) -> None:
        task = await started(asyncio.create_task(waits(waiter, log)))
        waiter.wake()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert run(test) == ["cancelled"]


def test_a_cancellation_reaches_its_own_task(run: Callable[[Test], list[str]]) -> None:
    """Also when it comes between the waking of its task and that task's turn, or a second time."""

    async def test(waiter: Waiter, log: list[str]) -> None:
        for wakes in (waiter.wake, waiter.cancel):
            first = await started(asyncio.create_task(waits(waiter, log)))
            wakes()
            assert waiter.waiting
            with pytest.raises(RuntimeError, match="another task"):
                await waiter
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert not waiter.waiting
            await waits_and_is_woken(waiter, log)

    assert run(test) == ["cancelled", "woken"] * 2


if sys.version_info >= (3, 12):

    def test_eager_tasks(run: Callable[[Test], list[str]]) -> None:
        """They run up to their wait within the call that makes them, also while another task runs."""

        async def test(waiter: Waiter, log: list[str]) -> None:
            def eager(coroutine: Coroutine[None, None, None]) -> "asyncio.Task[None]":
                # The factory of Python 3.13 and uvloop 0.23 don't know each other's arguments.
                return asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True)

            task = eager(waits(waiter, log))
            assert waiter.waiting
            await in_a_callback(waiter.wake)
            log.append("behind the call")
            await task

            async def wakes() -> None:
                waiter.wake()
                log.append("behind the wake")

            task = eager(waits(waiter, log))
            await eager(wakes())
            await task

        assert run(test) == ["woken", "behind the call", "behind the wake", "woken"]


def test_timeouts(run: Callable[[Test], list[str]]) -> None:
    async def test(waiter: Waiter, log: list[str]) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waits(waiter, log), 0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await waits(waiter, log)
        with anyio.move_on_after(0.01) as scope:
            await waits(waiter, log)
        assert scope.cancelled_caught
        assert not waiter.waiting

    assert run(test) == ["cancelled"] * 3


def test_a_task_group_that_fails(run: Callable[[Test], list[str]]) -> None:
    async def test(waiter: Waiter, log: list[str]) -> None:
        async def fails() -> None:
            raise LookupError

        async def one_fails() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(waits, waiter, log)
                await asyncio.sleep(0)
                tasks.start_soon(fails)

        with pytest.raises(ExceptionGroup):
            await one_fails()

    assert run(test) == ["cancelled"]


def test_context_variables(run: Callable[[Test], list[str]]) -> None:
    """The task goes on in its own context."""

    async def test(waiter: Waiter, log: list[str]) -> None:
        async def waits_inside() -> None:
            where.set("inside")
            await waiter
            log.append(where.get())

        task = await started(asyncio.create_task(waits_inside()))
        await in_a_callback(waiter.wake)
        await task
        log.append(where.get())

    assert run(test) == ["inside", "outside"]


def test_only_one_task_waits(run: Callable[[Test], list[str]]) -> None:
    async def test(waiter: Waiter, log: list[str]) -> None:
        task = await started(asyncio.create_task(waits(waiter, log)))
        with pytest.raises(RuntimeError, match="another task"):
            await waiter
        await in_a_callback(waiter.wake)
        await task

    assert run(test) == ["woken"]


def test_no_other_loop(run: Callable[[Test], list[str]]) -> None:
    async def test(waiter: Waiter, log: list[str]) -> None:
        other = asyncio.new_event_loop()
        try:
            with pytest.raises(RuntimeError, match="loop"):
                await Waiter(other)
        finally:
            other.close()

    assert run(test) == []
