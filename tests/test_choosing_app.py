"""The tests of that application."""

import pytest

from anysocket.testing import Denied, connect
from tests.choosing_app import LEFT, app

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_no_key() -> None:
    with pytest.raises(Denied, match="a key is needed"):
        async with connect(app, "/news"):
            pass


async def test_news() -> None:
    async with connect(app, "/news?key=1") as peer:
        assert peer.headers["x-edition"] == "evening"


async def test_bye() -> None:
    async with connect(app, "/chat") as peer:
        await peer.send("bye")
        assert await peer.receive() is None
        assert (peer.code, peer.reason) == (LEFT, "bye")


async def test_lost(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with connect(app, "/chat") as peer:
        await peer.send("hello")
        assert await peer.receive() == "hello"
        peer.abort()
    assert caplog.messages == ["lost"]
