"""The event loop of granian's workers: on a request to stop, it drains the app before granian stops."""

import asyncio
import logging
import signal
from collections.abc import Iterator

import pytest
from granian import loops

from anysocket_adapters.granian import worker
from anysocket_adapters.granian.worker import DrainsWhenSignalled
from anysocket_adapters.options import Options
from anysocket_adapters.repairs.repair import warn_unrepaired
from anysocket_adapters.serving.served_app import ServedApp


class App(ServedApp):
    """Notes when it is drained."""

    def __init__(self) -> None:
        self.options = Options()
        self.done: list[str] = []

    async def drain(self) -> None:
        self.done.append("drained")

    def cancel_connections(self) -> None:
        self.done.append("cancelled")


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    """Make an event loop as granian does."""
    loop = loops.get(request.param)
    yield loop
    loop.close()
    asyncio.set_event_loop(None)


def test_it_drains_before_granian_stops(loop: asyncio.AbstractEventLoop) -> None:
    assert isinstance(loop, DrainsWhenSignalled)
    loop.app = app = App()
    stopped = asyncio.Event()

    def granians_handler(number: int, frame: None) -> None:
        app.done.append(f"stopped by {number}")
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, granians_handler, number, None)

    async def main() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(stopped.wait(), 10)

    loop.run_until_complete(main())
    assert app.done == ["drained", "cancelled", "stopped by 15"]


def test_a_handler_of_the_apps_own(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        called = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, called.set)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(called.wait(), 10)

    loop.run_until_complete(main())


def test_a_granian_that_hears_otherwise(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    warn_unrepaired.cache_clear()
    monkeypatch.setattr(worker, "from_environment", App)
    worker.load_asgi()
    with caplog.at_level(logging.WARNING, "anysocket"):
        loop.run_until_complete(asyncio.sleep(0))
    (message,) = caplog.messages
    assert "goes on without draining the connections" in message
