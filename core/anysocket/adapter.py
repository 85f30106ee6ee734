"""The names that an adapter for a server needs, besides those of `anysocket` and `anysocket.asgi`."""

from anysocket.discovery import Connect
from anysocket.handshake import Address, Denial, Handshake, RawHeaders
from anysocket.transport import Transport, TransportApp

__all__ = [
    "Address",
    "Connect",
    "Denial",
    "Handshake",
    "RawHeaders",
    "Transport",
    "TransportApp",
]
