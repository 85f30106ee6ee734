"""The five members with types: a connection whose messages have the types of its handler."""

from collections.abc import Callable, Container
from types import TracebackType
from typing import Generic, Self, TypeVar, cast

import anyio

from anysocket.close import CloseCode, SendableCode
from anysocket.errors import ConnectionClosed, InvalidState
from anysocket.handshake import HeaderLines
from anysocket.messages.codec import Decode, Encode, nested_too_deeply
from anysocket.request import WebSocketRequest
from anysocket.supervision.error_handlers import leaves

Receive = TypeVar("Receive", covariant=True)
Send = TypeVar("Send", contravariant=True)


class Connection(Generic[Receive, Send]):
    """One connection that receives messages of one type and sends those of another.

    A route makes it from the annotation of its handler. `Connection[str, str]` receives and sends
    text, `Connection[bytes, bytes]` binary, `Connection[str | bytes, str | bytes]` both. Other
    types are JSON, unless the route has another codec.
    """

    __slots__ = ("_decode", "_encode", "_expected_codes", "_receive", "_web_socket", "request")

    def __init__(
        self, request: WebSocketRequest, decode: Decode, encode: Encode, expected_codes: Container[int]
    ) -> None:
        self.request: WebSocketRequest = request
        """The handshake, and everything that isn't about messages."""
        self._web_socket = request.web_socket
        self._receive = self._web_socket.receive
        # The codec has made both for these types, which it knows only as values.
        self._decode = cast("Callable[[str | bytes], Receive]", decode)
        self._encode = cast("Callable[[Send], str | bytes]", encode)
        self._expected_codes = expected_codes

    @property
    def code(self) -> int | None:
        """The close code, and None until the connection is closed (contract C1)."""
        return self._web_socket.code

    @property
    def reason(self) -> str:
        """The close reason that goes with `code`, empty without one (contract C1)."""
        return self.request.reason

    @property
    def encode(self) -> Callable[[Send], str | bytes]:
        """The function that turns a message into text or bytes, the same for all connections of a route."""
        return self._encode

    async def accept(self, subprotocol: str | None = None, headers: HeaderLines = ()) -> None:
        """Open the connection, if the route leaves that to the handler: see `WebSocket.accept`."""
        await self._web_socket.accept(subprotocol, headers)

    async def receive(self, timeout: float | None = None) -> Receive:
        """Wait for the next message.

        At the end it raises, unlike `WebSocket.receive`: None may be a message, JSON's null.

        Args:
            timeout: seconds to wait, or None for no limit. A message that comes later isn't lost.

        Raises:
            ConnectionClosed: the connection has ended.
            BadMessage: the message is of another type.
            TimeoutError: no message came in time.
            InvalidState: before accept, or while another task waits in receive.
        """
        if timeout is None:
            message = await self._receive()
        else:
            with anyio.fail_after(timeout):
                message = await self._receive()
        if message is None:
            raise ConnectionClosed(self.code or CloseCode.ABNORMAL_CLOSURE, self.reason)
        return self._decode(message)

    async def send(self, message: Send) -> None:
        """Send a message: see `WebSocket.send` for what it raises.

        Raises:
            TypeError: the codec can't encode this value. Nothing has been sent.
            ValueError: it contains itself, or is nested too deeply. Nothing has been sent.
        """
        try:
            encoded = self._encode(message)
        except RecursionError:
            raise nested_too_deeply(message) from None
        await self._web_socket.send(encoded)

    async def close(
        self, code: SendableCode = CloseCode.NORMAL_CLOSURE, reason: str = "", *, once: bool = False
    ) -> None:
        """Close the connection: see `WebSocket.close`.

        Args:
            code: a code that may be sent. For a code of your own, use `ApplicationCode`.
            reason: at most 123 bytes of UTF-8.
            once: raise if the connection is closed already.

        Raises:
            ValueError: the reason can't be sent. Nothing has been sent, and the connection is
                still open.
            InvalidState: `once` is set, and the connection is closed already.
        """
        if once and self.code is not None:
            raise InvalidState(f"can't close again: the connection is closed with {self.code}")
        await self._web_socket.close(code, reason)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Receive:
        """Wait for the next message. The end of the connection ends the iteration, whatever its code.

        Raises:
            BadMessage: the message is of another type.
        """
        message = await self._receive()
        if message is None:
            raise StopAsyncIteration
        return self._decode(message)

    async def __aenter__(self) -> Self:
        """Open the connection, unless it is open already."""
        if self.request.connecting:
            await self._web_socket.accept()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Close the connection with 1000. `ConnectionClosed` with an expected code only ends the block."""
        if error is None:
            await self._web_socket.close()
        code = self.code
        return (
            isinstance(error, Exception)
            and all(isinstance(leaf, ConnectionClosed) for leaf in leaves(error))
            and code is not None
            and code in self._expected_codes
        )
