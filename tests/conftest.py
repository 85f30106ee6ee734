"""What most tests begin with: a peer and a handler's end of one connection, in memory."""

import functools
import inspect
from collections.abc import Awaitable, Callable

import anyio
import pytest

from anysocket.session.session import Session
from anysocket.testing.memory import MemoryPeer, MemoryTransport

DEADLINE = 20
"""Seconds that a test may take, unless its module says otherwise: what waits for ever fails."""


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
    """A connection whose acceptance the peer has seen."""
    await connecting.accept()
    await peer.receive()
    return connecting
