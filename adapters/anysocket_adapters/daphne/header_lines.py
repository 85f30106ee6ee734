"""The header lines of a request to daphne as they came: Twisted keeps them by name.

This is done before daphne has a connection for an app, and so under `anysocket serve` and
`running`. daphne's own command serves without it.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from anysocket.handshake import RawHeaders


class Factory(Protocol):
    """`daphne.http_protocol.HTTPFactory`, one object per server."""

    buildProtocol: Callable[[object], object]


@runtime_checkable
class _Channel(Protocol):
    """What is used of `twisted.web.http.HTTPChannel`, one object per connection."""

    requests: list[object]
    headerReceived: Callable[[bytes], bool]


_lines = WeakKeyDictionary[object, list[tuple[bytes, bytes]]]()


def keep_lines(factory: Factory) -> None:
    """Keep the lines of every request to a server."""
    build = factory.buildProtocol

    def building(address: object) -> object:
        protocol = build(address)
        channel: object = getattr(protocol, "_channel", None)  # of the version of HTTP
        if isinstance(channel, _Channel):
            _keep(channel)
        return protocol

    factory.buildProtocol = building


def _keep(channel: _Channel) -> None:
    receive = channel.headerReceived

    def receiving(line: bytes) -> bool:
        name, colon, value = line.partition(b":")
        _lines.setdefault(channel.requests[-1], []).append((name.lower(), value.strip(b" \t")))
        if name.lower() != b"sec-websocket-protocol":
            return receive(line)
        offers = [each for each in value.split(b",") if each.strip()]  # autobahn fails on an empty one
        return receive(name + colon + b",".join(offers)) if offers else True

    channel.headerReceived = receiving


def lines_of(request: object) -> RawHeaders:
    """Give the lines of a request that have been kept."""
    return tuple(_lines.get(request, ()))
