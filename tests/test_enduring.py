"""A served event loop goes on when a task exits."""

import asyncio
import sys
from collections.abc import Callable

import pytest
import uvloop

from anysocket_adapters.enduring import goes_on

KINDS = [asyncio.SelectorEventLoop, uvloop.Loop]


@pytest.fixture(params=KINDS, ids=["asyncio", "uvloop"])
def make(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    kind: type[asyncio.AbstractEventLoop] = request.param
    return goes_on(kind)


async def exits() -> None:
    await asyncio.sleep(0)
    sys.exit(3)


def test_a_task_that_exits(
    make: Callable[[], asyncio.AbstractEventLoop], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> str:
        task = asyncio.ensure_future(exits())
        await asyncio.sleep(0.01)
        assert isinstance(task.exception(), SystemExit)
        with pytest.raises(SystemExit):
            await task
        return "went on"

    with asyncio.Runner(loop_factory=make) as runner:
        assert runner.run(main()) == "went on"
    assert [each.getMessage() for each in caplog.records] == ["a task raised SystemExit; the server goes on"]


def test_a_callback_that_exits_in_the_last_turn(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: loop.call_soon(sys.exit))
        await asyncio.sleep(0)
        return "ended"

    with asyncio.Runner(loop_factory=make) as runner:
        assert runner.run(main()) == "ended"


def test_the_main_task_that_exits(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner(loop_factory=make) as runner, pytest.raises(SystemExit):
        runner.run(exits())
