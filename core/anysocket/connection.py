"""The five members with types: a connection whose messages are of the handler's own types."""

from collections.abc import Callable, Container
from types import TracebackType
from typing import Generic, Self, TypeVar, cast

import anyio

from anysocket.close import CloseCode, SendableCode
from anysocket.errors import ConnectionClosed, InvalidState
from anysocket.handshake import HeaderLines
from anysocket.messages.codec import Decode, Encode
from anysocket.request import WebSocketRequest
from anysocket.supervision.failures import leaves

Receive = TypeVar("Receive", covariant=True)
Send = TypeVar("Send", contravariant=True)


class Connection(Generic[Receive, Send]):
    """One connection that receives messages of one type and sends those of another.

    A route makes it, by the annotation of its handler's parameter. `Connection[str, str]` receives
    and sends text, `Connection[bytes, bytes]` binary, `Connection[str | bytes, str | bytes]` both;
    any other types are JSON, unless the route names another codec.
    """

    __slots__ = ("_decode", "_encode", "_expected_codes", "_receive", "_web_socket", "request")

    def __init__(
        self, request: WebSocketRequest, decode: Decode, encode: Encode, expected_codes: Container[int]
    ) -> None:
        self.request: WebSocketRequest = request
        """The handshake, and all that isn't about messages."""
        self._web_socket = request.web_socket
        self._receive = self._web_socket.receive
        # Made for these types by the codec, which knows them only as values.
        self._decode = cast("Callable[[str | bytes], Receive]", decode)
        self._encode = cast("Callable[[Send], str | bytes]", encode)
        self._expected_codes = expected_codes

    @property
    def code(self) -> int | None:
        """The close code, and None until the connection is closed (contract C1)."""
        return self._web_socket.code

    @property
    def encode(self) -> Callable[[Send], str | bytes]:
        """What makes text or bytes of a message: the same for all connections of a route."""
        return self._encode

    async def accept(self, subprotocol: str | None = None, headers: HeaderLines = ()) -> None:
        """Open the connection, where the route leaves that to the handler: see `WebSocket.accept`."""
        await self._web_socket.accept(subprotocol, headers)

    async def receive(self, timeout: float | None = None) -> Receive:
        """Wait for the next message.

        Unlike `WebSocket.receive` it raises at the end: None may be a message, the null of JSON.

        Args:
            timeout: seconds to wait. A message that comes later isn't lost.

        Raises:
            ConnectionClosed: the connection has ended.
            BadMessage: the message is of another type.
            TimeoutError: none came in time.
            InvalidState: before accept, or while another task waits in receive.
        """
        if timeout is None:
            message = await self._receive()
        else:
            with anyio.fail_after(timeout):
                message = await self._receive()
        if message is None:
            raise ConnectionClosed(self._web_socket.code or CloseCode.ABNORMAL_CLOSURE, self.request.reason)
        return self._decode(message)

    async def send(self, message: Send) -> None:
        """Send a message: see `WebSocket.send` for what it raises.

        Raises:
            TypeError: the codec can't encode this value. Nothing has been sent.
        """
        await self._web_socket.send(self._encode(message))

    async def close(
        self, code: SendableCode = CloseCode.NORMAL_CLOSURE, reason: str = "", *, once: bool = False
    ) -> None:
        """Close the connection: see `WebSocket.close`.

        Args:
            code: one that may be sent; of your own, an `ApplicationCode`.
            reason: at most 123 bytes of UTF-8.
            once: take it for a mistake when the connection is closed already.

        Raises:
            ValueError: the reason can't be sent. Nothing has been, still open.
            InvalidState: closed already, with `once`.
        """
        if once and self._web_socket.code is not None:
            raise InvalidState(
                f"can't close once more: the connection is closed with {self._web_socket.code}"
            )
        await self._web_socket.close(code, reason)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Receive:
        """Wait for the next message; the end ends the iteration, whatever its code.

        Raises:
            BadMessage: the message is of another type.
        """
        message = await self._receive()
        if message is None:
            raise StopAsyncIteration
        return self._decode(message)

    async def __aenter__(self) -> Self:
        """Open the connection, unless it is open."""
        if self.request.connecting:
            await self._web_socket.accept()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Close the connection with 1000. That it has ended with a expected_codes code is no error here."""
        if error is None:
            await self._web_socket.close()
        code = self._web_socket.code
        return (
            isinstance(error, Exception)
            and all(isinstance(leaf, ConnectionClosed) for leaf in leaves(error))
            and code is not None
            and code in self._expected_codes
        )
