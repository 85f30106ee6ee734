"""Testing an application in memory, without a server or a socket."""

from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport
from anysocket.testing.peer import Denied, Peer, connect, connect_and_leave

__all__ = ["Accepted", "Denied", "MemoryPeer", "MemoryTransport", "Peer", "connect", "connect_and_leave"]
