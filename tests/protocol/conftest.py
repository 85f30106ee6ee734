"""The connection of a test, which is closed behind it."""

from collections.abc import Iterator

import pytest

from anysocket.asgi import ASGIApp
from anysocket_protocol.settings import Settings
from tests.protocol.bench import Bench
from tests.protocol.connections import SETTINGS, Make, Timed


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Bench] = []

    def making(settings: Settings = SETTINGS, app: ASGIApp | None = None, *, opened: bool = True) -> Bench:
        bench = Bench(app, settings, Timed)
        made.append(bench)
        if opened:
            bench.open()
        return bench

    yield making
    for bench in made:
        bench.close()
