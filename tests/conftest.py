"""What most tests begin with: a peer and a handler's end of one connection, in memory."""

import pytest

from anysocket import MemoryPeer, MemoryTransport
from anysocket.session import Session


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
