"""Twisted's reactor, which daphne serves on, in an event loop that is already running.

A process has one reactor, and daphne creates it on an event loop of its own. The reactor uses the
loop to watch sockets and to be called later, no more. So it can be moved to another loop.
"""

import asyncio
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from anysocket_adapters.daphne.typed import DelayedCall
from anysocket_adapters.server import ServerFailed

if TYPE_CHECKING:
    from twisted.internet.interfaces import IOpenSSLContextFactory, IProtocolFactory


class Port(Protocol):
    """A listening socket."""

    def stopListening(self) -> object: ...


@runtime_checkable
class Reactor(Protocol):
    """What is used of `twisted.internet.asyncioreactor.AsyncioSelectorReactor`."""

    running: bool
    _asyncioEventloop: asyncio.AbstractEventLoop
    _scheduledAt: float | None

    def _reschedule(self) -> None: ...
    def getReaders(self) -> Sequence[object]: ...
    def addReader(self, reader: object, /) -> None: ...
    def removeReader(self, reader: object, /) -> None: ...
    def getDelayedCalls(self) -> Sequence[DelayedCall]: ...
    def adoptStreamPort(self, fd: int, family: int, factory: object, /) -> Port: ...


_users = set[object]()
"""Those that use the reactor in the event loop where it is now, one each."""


@contextmanager
def in_this_loop(found: object) -> Generator[Reactor, None, None]:
    """Keep the reactor in the running event loop, for as long as the block runs.

    Raises:
        ServerFailed: it is in use in another event loop, or lacks something that is needed here.
    """
    if not isinstance(found, Reactor):
        raise ServerFailed(f"Twisted's reactor can't join this event loop: it is a {type(found).__name__}")
    if found._asyncioEventloop is not asyncio.get_running_loop():  # pyright: ignore[reportPrivateUsage]
        _move(found)
    user = object()
    _users.add(user)
    try:
        yield found
    finally:
        _users.discard(user)


def _move(reactor: Reactor) -> None:
    left = reactor._asyncioEventloop  # pyright: ignore[reportPrivateUsage]
    if (_users and not left.is_closed()) or (reactor.running and left.is_running()):
        raise ServerFailed("Twisted has one reactor in a process, and it is at work in another event loop")
    _users.clear()
    readers = reactor.getReaders()
    for reader in readers:
        reactor.removeReader(reader)
    reactor._asyncioEventloop = asyncio.get_running_loop()  # pyright: ignore[reportPrivateUsage]
    for reader in readers:
        reactor.addReader(reader)
    # Or it would wait for the timer that it has set in the loop that it leaves.
    reactor._scheduledAt = None  # pyright: ignore[reportPrivateUsage]
    reactor._reschedule()  # pyright: ignore[reportPrivateUsage]


def cancel_calls(reactor: Reactor, owner: object) -> None:
    """Cancel the delayed calls of an object's methods."""
    for call in reactor.getDelayedCalls():
        if getattr(call.func, "__self__", None) is owner:
            call.cancel()


def accepted_by(reactor: Reactor, port: Port) -> Iterator[object]:
    """Give the connections that a port has accepted, of those that are being read."""
    return (reader for reader in reactor.getReaders() if getattr(reader, "server", None) is port)


def tls(factory: object, certificate: Path, key: Path) -> object:
    """Put TLS before a factory of protocols, with a certificate chain and a key from PEM files."""
    from cryptography.x509 import load_pem_x509_certificates
    from OpenSSL.crypto import FILETYPE_PEM, X509, load_privatekey
    from twisted.internet.ssl import CertificateOptions
    from twisted.protocols.tls import TLSMemoryBIOFactory

    own, *chain = map(X509.from_cryptography, load_pem_x509_certificates(certificate.read_bytes()))
    options = CertificateOptions(
        privateKey=load_privatekey(FILETYPE_PEM, key.read_bytes()), certificate=own, extraCertChain=chain
    )
    # Both have these interfaces, which zope declares and checkers don't read: hence the casts.
    return TLSMemoryBIOFactory(
        cast("IOpenSSLContextFactory", options), False, cast("IProtocolFactory", factory)
    )
