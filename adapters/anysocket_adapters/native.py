"""The transport of a connection of anysocket's own, whichever server has accepted it."""

from typing import ClassVar, cast

from anysocket.asgi import Receive, Scope, Send, SendEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close
from anysocket_adapters.asgi import ASGITransport
from anysocket_protocol.asgi import ASGIConnection


class NativeTransport(ASGITransport):
    """The connection keeps the contract by itself; over HTTP/2 there is none."""

    declared: ClassVar[Capabilities] = Capabilities(
        over_http2=Support.ABSENT, no_accept_key_over_http2=Support.ABSENT
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.connection: ASGIConnection = cast("_Send", send).__self__
        self.send: SendEvent = cast("SendEvent", self.connection.send_message)

    async def close(self, close: Close, /) -> None:
        await super().close(close)
        await self.connection.wait_lost()


class _Send:
    """A bound method, for type checkers."""

    __self__: ASGIConnection


def connect(scope: Scope, receive: Receive, send: Send) -> NativeTransport:
    """Choose the transport that the connection's class names."""
    kind: type = type(cast("_Send", send).__self__)
    transport: type[NativeTransport] = getattr(kind, "transport", NativeTransport)
    return transport(scope, receive, send)
