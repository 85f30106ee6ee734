"""The repairs of what reads a request before daphne has a WebSocket: Twisted's HTTP channel.

Twisted keeps header lines by name, so their order is lost. It is kept under `anysocket serve` and
`running`, where the channel is repaired before it reads. daphne's own command serves without it.
"""

from anysocket.handshake import RawHeaders
from anysocket_adapters.daphne.typed import HTTPChannel, HTTPFactory, Request
from anysocket_adapters.repairs.repair import Repairs, warn_unrepaired

CHANNEL = Repairs("twisted", "twisted.web.http:HTTPChannel")
FACTORY = Repairs("daphne", "daphne.http_protocol:HTTPFactory")


@FACTORY.repair(needs=("buildProtocol",), keeps=("header_order",))
class RepairsChannels(HTTPFactory):
    """Twisted makes its channels of a class that can't be configured."""

    def buildProtocol(self, addr: object) -> object:
        protocol = super().buildProtocol(addr)
        channel: object = getattr(protocol, "_channel", None)  # of the version of HTTP
        if CHANNEL.fits(channel):
            CHANNEL.apply(channel)
        else:
            warn_unrepaired("twisted", CHANNEL.target, "the order of header lines")
        return protocol


@CHANNEL.repair(needs=("requests",), keeps=("header_duplicates", "header_underscores"))
class KnowsRequest(HTTPChannel):
    """daphne joins header lines of one name, and drops names with an underscore."""

    def request(self) -> Request:
        """Give the request that is being answered."""
        return self.requests[-1]


@CHANNEL.repair(needs=("headerReceived", "requests"), keeps=("header_order",))
class KeepsHeaderOrder(HTTPChannel):
    """Twisted sorts header lines by name. autobahn fails on an empty element in the subprotocols."""

    _read: Request | None = None
    _lines: RawHeaders = ()

    def header_lines(self) -> RawHeaders:
        """Give the lines of the request that is being answered; none where another class has read them."""
        return self._lines if self._read is self.requests[-1] else ()

    def headerReceived(self, line: bytes) -> bool:
        if self._read is not self.requests[-1]:
            self._read, self._lines = self.requests[-1], ()
        name, colon, value = line.partition(b":")
        self._lines = (*self._lines, (name.lower(), value.strip(b" \t")))
        if name.lower() != b"sec-websocket-protocol":
            return super().headerReceived(line)
        offers = [each for each in value.split(b",") if each.strip()]
        return super().headerReceived(name + colon + b",".join(offers)) if offers else True


@CHANNEL.repair(needs=("_dataBuffer",), keeps=("early_message",))
class GivesEarlyData(HTTPChannel):
    """Twisted keeps what comes behind a request until the request has ended, as a handshake never does."""

    def take_early_data(self) -> bytes:
        """Give what came in the packet of the handshake."""
        early = b"".join(self._dataBuffer)
        self._dataBuffer.clear()
        return early


def channel_of(protocol: object) -> object:
    """Find the HTTP channel from which a WebSocket protocol got its connection; None where there is none."""
    producer: object = getattr(getattr(protocol, "transport", None), "producer", None)
    found: object = getattr(producer, "_producer", producer)  # TLS wraps the producer
    return found if CHANNEL.fits(found) else None
