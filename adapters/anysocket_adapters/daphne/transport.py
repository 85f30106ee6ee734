"""The transport of a WebSocket on daphne.

What differs from the specification, as of 4.2 (https://github.com/django/daphne); its WebSockets
are those of autobahn 26.10:

- Header lines of one name are joined, and their order among other names is lost. Names with an
  underscore are dropped, and so is what follows a semicolon in the path. There is no scheme,
  no state and no lifespan.
- An extension offered with wrong parameters is a bad request, and so is a list of subprotocols
  with two empty elements.
- Headers of accept and denial responses are dropped; a handler that returns without an answer
  leaves the peer waiting. A message in the packet of the handshake is lost.
- Empty messages aren't sent, nor are close reasons and the close codes 1001-2999.
- A close frame is answered with 1000, a peer that breaks the protocol with a lost connection.
- The peer's close reason is lost, and so are sends after it has left.
- Neither side waits for the other: what isn't sent or received yet is kept, however much it is.
"""

from functools import partial
from typing import ClassVar
from urllib.parse import unquote

from anysocket.asgi import Receive, ReceiveEvent, Scope, Send, SendEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close
from anysocket.handshake import Denial, Handshake, RawHeaders
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.daphne.connection import (
    PROTOCOL,
    AcceptsWithHeaders,
    ClosesWithReason,
    DeniesWithResponse,
    KeepsEarlyData,
    KeepsPathParameters,
    KeepsSubprotocols,
    SuspendsPeer,
    SuspendsSenders,
)
from anysocket_adapters.daphne.header_lines import (
    CHANNEL,
    GivesEarlyData,
    KeepsHeaderOrder,
    KnowsRequest,
    channel_of,
)
from anysocket_adapters.repairs.repair import Repairs, warn_unrepaired, without


class DaphneTransport(ASGITransport):
    """daphne's WebSocket protocol; one of another class is taken at its word."""

    declared: ClassVar[Capabilities] = Capabilities(
        header_order=Support.REPAIRED,
        header_duplicates=Support.REPAIRED,
        header_underscores=Support.REPAIRED,
        path_parameters=Support.REPAIRED,
        malformed_extension_offer=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        compression=Support.ABSENT,
        compressed_with_ping=Support.ABSENT,
        answers_before_close=Support.ABSENT,
        accept_headers=Support.REPAIRED,
        denial_status=Support.REPAIRED,
        denial_response=Support.REPAIRED,
        denial_header_duplicates=Support.REPAIRED,
        denial_cookies=Support.REPAIRED,
        denial_latin1_headers=Support.REPAIRED,
        denial_unnamed_status=Support.REPAIRED,
        no_answer=Support.REPAIRED,
        loss_before_accept=Support.REPAIRED,
        empty_messages=Support.REPAIRED,
        cancelled_send=Support.REPAIRED,
        oversized_frame_code=Support.REPAIRED,
        oversized_message_code=Support.REPAIRED,
        send_pressure=Support.REPAIRED,
        receive_pressure=Support.REPAIRED,
        early_message=Support.REPAIRED,
        close_codes=Support.REPAIRED,
        close_reason=Support.REPAIRED,
        close_echo=Support.REPAIRED,
        peer_code_1014=Support.REPAIRED,
        peer_close_reason=Support.REPAIRED,
        protocol_error_close=Support.REPAIRED,
        invalid_close_code_close=Support.REPAIRED,
        invalid_text_close=Support.REPAIRED,
        protocol_error_code=Support.REPAIRED,
        end_while_sending=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        protocol: object = send.args[0] if isinstance(send, partial) and send.args else None
        self._protocol = protocol
        self._request: Handshake | None = None
        channel = channel_of(protocol)
        self._lost = repair(PROTOCOL, protocol) | repair(CHANNEL, channel)
        self._read_request(protocol, channel)
        if isinstance(protocol, KeepsEarlyData):
            protocol.consume_later(channel.take_early_data() if isinstance(channel, GivesEarlyData) else b"")
        if isinstance(protocol, SuspendsPeer):
            self.receive: ReceiveEvent = protocol.receive_event
        if isinstance(protocol, SuspendsSenders):
            self.send: SendEvent = protocol.send_message

    def _read_request(self, protocol: object, channel: object) -> None:
        """Take from the server's objects what daphne leaves out of the scope."""
        request = super().handshake
        if isinstance(protocol, KeepsPathParameters):
            parameters = protocol.path_parameters(request.raw_path)
            request = request._replace(
                path=request.path + unquote(parameters.decode("ascii")),
                raw_path=request.raw_path + parameters,
            )
        if isinstance(protocol, KeepsSubprotocols):
            request = request._replace(subprotocols=protocol.offered_subprotocols())
        if isinstance(channel, KnowsRequest):
            by_name = channel.request().requestHeaders.getAllRawHeaders()
            request = request._replace(
                scheme="wss" if channel.request().isSecure() else "ws",
                headers=tuple((name.lower(), value) for name, values in by_name for value in values),
            )
        lines = channel.header_lines() if isinstance(channel, KeepsHeaderOrder) else ()
        if lines:
            request = request._replace(headers=lines)
        else:
            self._lost |= {"header_order"}
        self._request = request

    @property
    def capabilities(self) -> Capabilities:
        return without(self.declared, self._lost)

    @property
    def path(self) -> str:
        return super().path if self._request is None else self._request.path

    @property
    def headers(self) -> RawHeaders:
        return super().headers if self._request is None else self._request.headers

    @property
    def handshake(self) -> Handshake:
        return self._request or super().handshake

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        if isinstance(self._protocol, AcceptsWithHeaders):
            await self._connect()
            self._protocol.accept_with(subprotocol, headers)
        else:
            await super().accept(subprotocol, headers)

    async def deny(self, denial: Denial, /) -> None:
        if isinstance(self._protocol, DeniesWithResponse):
            await self._connect()
            self._protocol.deny_with(denial)
        else:
            await super().deny(denial)

    async def close(self, close: Close, /) -> None:
        if isinstance(self._protocol, ClosesWithReason):
            await self._protocol.close_with(close)
        else:
            await super().close(close)


def repair(repairs: Repairs, found: object) -> frozenset[str]:
    """Repair an object, and give the capabilities that don't hold on it; warn of an unknown class."""
    if not repairs.fits(found):
        warn_unrepaired(repairs.distribution, repairs.target, "all repairs of that class")
        return repairs.everything()
    repairs.apply(found)
    return repairs.lost(found)
