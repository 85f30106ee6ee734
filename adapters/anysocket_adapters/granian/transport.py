"""The transport of a WebSocket on granian, over ASGI.

What differs from the specification, as of 2.8 (https://github.com/emmett-framework/granian):

- Ports are strings, and a unix socket's address is made of empty ones.
- A lost connection and a close frame without a code are both reported as 1005. The adapter reports
  1006 for both, since a handler must know of a loss.
- The peer's close reason is lost.
- A peer that breaks the protocol gets an empty close frame.
- Headers of accept are dropped.
- A denial keeps the headers that would open the connection.
- Close waits for as long as another task is in receive, before 2.8.9.
- A receive that is cancelled may lose a message. While no task is in receive, no ping is answered
  and no end noticed. A message to a peer that has left is taken silently.
- A str with a lone surrogate is sent as an empty message.
- A denial is one body; a header that occurs twice makes the worker panic, before 2.8.9.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import ClassVar, Final, cast

import anyio

from anysocket.asgi import Receive, ReceiveEvent, Scope, Send, SendEvent, WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Address, Denial, Handshake, RawHeaders
from anysocket_adapters.asgi import ASGITransport, address
from anysocket_adapters.reading import Reader
from anysocket_adapters.repairs.versions import installed_at_least

FIXED_IN_2_8_9: Final = installed_at_least("granian", "2.8.9")
"""Whether it closes while another task is in receive, and sends a denial's header twice."""


class GranianTransport(ASGITransport):
    """granian's ASGI WebSocket protocol."""

    declared: ClassVar[Capabilities] = Capabilities(
        answers_before_close=Support.ABSENT,
        header_order=Support.ABSENT,
        integer_ports=Support.REPAIRED,
        over_http2=Support.ABSENT,
        no_accept_key_over_http2=Support.ABSENT,
        compression=Support.ABSENT,
        compressed_with_ping=Support.ABSENT,
        accept_headers=Support.ABSENT,
        denial_without_upgrade_headers=Support.ABSENT,
        denial_header_duplicates=Support.NATIVE if FIXED_IN_2_8_9 else Support.REPAIRED,
        denial_cookies=Support.NATIVE if FIXED_IN_2_8_9 else Support.ABSENT,
        loss_before_accept=Support.ABSENT,
        disconnect_before_accept=Support.ABSENT,
        lone_surrogates=Support.REPAIRED,
        cancelled_receive=Support.REPAIRED,
        oversized_frame_code=Support.ABSENT,
        peer_code_1014=Support.ABSENT,
        peer_close_reason=Support.ABSENT,
        no_close_code=Support.ABSENT,
        abnormal_closure=Support.REPAIRED,
        half_closed=Support.REPAIRED,
        protocol_error_close=Support.ABSENT,
        invalid_text_close=Support.ABSENT,
        protocol_error_code=Support.ABSENT,
        close_while_receiving=Support.NATIVE if FIXED_IN_2_8_9 else Support.REPAIRED,
        end_while_sending=Support.REPAIRED,
        end_while_suspended=Support.REPAIRED,
        end_behind_unread=Support.REPAIRED,
        keepalive=Support.ABSENT,
        pong_while_busy=Support.REPAIRED,
        pong_behind_unread=Support.REPAIRED,
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._reader: Reader[WebSocketEvent] | None = None
        self._send_once = self.send
        self.send: SendEvent = self._send_checked

    async def wait_disconnected(self) -> None:
        await anyio.sleep_forever()  # granian reports no loss before accept

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        await super().accept(subprotocol, headers)
        self._reader = Reader(self.receive, _result)
        self.receive: ReceiveEvent = self._reader.receive

    async def close(self, close: Close, /) -> None:
        if self._reader is None:
            await super().close(close)
            return
        pending = self._reader.leave()
        if pending is not None and not FIXED_IN_2_8_9:
            pending.cancel()  # granian's close waits until no task receives
        try:
            await super().close(close)
        finally:
            # Not before: a handler that sees the end returns, and then granian closes by itself.
            self._reader.finish({"type": "websocket.disconnect"})

    def _send_checked(self, event: WebSocketEvent) -> Awaitable[None]:
        if self._reader is not None and self._reader.end is not None:
            raise ConnectionError("the peer has left")  # granian goes on taking messages
        text = event.get("text")
        if text is not None:
            text.encode()  # granian sends a str with a lone surrogate as an empty message
        return self._send_once(event)

    @property
    def handshake(self) -> Handshake:
        return super().handshake._replace(
            client=_address(self.scope.get("client")),
            server=_address(self.scope.get("server")),
        )

    def ended(self, event: WebSocketEvent, /) -> Close:
        close = super().ended(event)
        return Close(CloseCode.ABNORMAL_CLOSURE) if close.code == CloseCode.NO_STATUS_RCVD else close

    async def deny(self, denial: Denial, /) -> None:
        await super().deny(denial if FIXED_IN_2_8_9 else replace(denial, headers=_merged(denial.headers)))


def _result(pending: asyncio.Future[WebSocketEvent]) -> WebSocketEvent:
    return pending.result()


def _merged(headers: RawHeaders) -> RawHeaders:
    """Combine lines of one name into one, as RFC 9110 section 5.3 allows for all but Set-Cookie."""
    merged: dict[bytes, bytes] = {}
    for name, value in headers:
        merged[name] = merged[name] + b", " + value if name in merged else value
    return tuple(merged.items())


def _address(value: object) -> Address | None:
    # granian 2.8 gives the port as a str. A middleware may have put another address in its place.
    match cast("tuple[str, str | int] | None", value):
        case (str(host), str(port)) if host and port != "0":
            return host, int(port)
        case _:
            return address(value)
