"""Fixtures of most tests: a peer and the handler's end of one connection, in memory."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
import pytest

from anysocket.session.session import Session
from anysocket.testing.memory import MemoryPeer, MemoryTransport

with suppress(ImportError):  # only the environment `unit` has it
    from hypothesis import settings

    settings.register_profile("busy", deadline=None)  # a busy machine is no failure
    settings.load_profile("busy")

DEADLINE = 20
"""Seconds for a test, unless its module sets another deadline; a test that waits for ever fails."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        deadline: float = getattr(pyfuncitem.module, "DEADLINE", DEADLINE)
        pyfuncitem.obj = in_time(pyfuncitem.obj, deadline)


def in_time(test: Callable[..., Awaitable[None]], deadline: float) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def limited(**fixtures: object) -> None:
        with anyio.fail_after(deadline):
            await test(**fixtures)

    return limited


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def peer(transport: MemoryTransport) -> MemoryPeer:
    return transport.peer


@pytest.fixture
def connecting(transport: MemoryTransport) -> Session:
    return Session(transport, close_timeout=1)


@pytest.fixture
async def opened(connecting: Session, peer: MemoryPeer) -> Session:
    """A connection that is accepted, and whose peer has received the response."""
    await connecting.accept()
    await peer.receive()
    return connecting
