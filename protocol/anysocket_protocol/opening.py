"""The opening handshake as it runs: the request comes, and is answered or refused (RFC 6455 section 4.2)."""

import asyncio
from collections.abc import Iterable

from anysocket_protocol import handshake
from anysocket_protocol.handshake import BadHandshake, BadRequest, Headers, Request
from anysocket_protocol.settings import Settings
from anysocket_protocol.state import CONNECTING, REQUESTED, RESPONDING, State
from anysocket_protocol.stream import Stream

_END_OF_HEAD = b"\r\n\r\n"


class Opening(Stream):
    """A connection until it is open or refused."""

    __slots__ = ("_early", "request")

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(settings, loop)
        self.request: Request | None = None
        """None before it has come, and again once the connection is open."""
        self._early = b""
        """The head of the request as far as it has come, and then what comes before the answer."""

    # What a subclass does with it.

    def requested(self, request: Request) -> None:
        """Take a request that opens a WebSocket."""
        raise NotImplementedError

    def other_request(self, received: bytes, error: BadRequest) -> None:
        """Take a request that asks for no WebSocket, with all that has been received: it is refused."""
        self.refuse(error.status, error.reason, error.headers)

    def answered(self, status: int) -> None:
        """Take note of the answer to the request."""

    def default_headers(self) -> Headers:
        """Give the header lines of every answer, such as the server's name."""
        return ()

    # The request

    def begin(self) -> None:
        """Wait for the request, for no longer than is allowed."""
        self._set_deadline(self._settings.limits.handshake_timeout)

    def _take_head(self, data: bytes) -> None:
        limits = self._settings.limits
        self._early = (self._early + data).lstrip(b"\r\n")  # empty lines before it: RFC 9112 section 2.2
        head, end, behind = self._early.partition(_END_OF_HEAD)
        if len(head) > limits.max_header_size:
            self.refuse(431, "the head of the request is too large")
            return
        if not end:
            return
        try:
            request = handshake.read(head, limits.max_header_lines)
        except BadHandshake as error:
            self.refuse(error.status, error.reason, error.headers)
            return
        except BadRequest as error:
            self.other_request(self._early, error)
            return
        self._early = behind
        self.request = request
        self.state: State = CONNECTING
        self._clear_deadline()
        self.requested(request)

    def _take_early(self, data: bytes) -> None:
        """Keep what comes before the answer, and have the peer wait when it is too much."""
        self._early += data
        if len(self._early) > self._settings.limits.max_header_size:
            self._pause_reading()

    # The answers

    def _switch(
        self, subprotocol: str | None, extensions: bytes | None, headers: Iterable[tuple[bytes, bytes]]
    ) -> bytes:
        """Write the response that opens the connection, and give what came before it."""
        assert self.request is not None  # or there is nobody who answers
        lines = [*self.default_headers(), *headers]
        self._write(handshake.switching(self.request.key, subprotocol, extensions, lines))
        self.answered(101)
        self.request = None
        early, self._early = self._early, b""
        return early

    def refuse(self, status: int, text: str, headers: Headers = ()) -> None:
        """Refuse the request with a text."""
        body = text.encode() + b"\n"
        lines = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        self.respond(status, [*headers, *lines], body, more=False)

    def respond(self, status: int, headers: Headers, body: bytes, *, more: bool) -> None:
        """Refuse the request with a response; where it gives no length, the end of TCP is its end."""
        self.state = RESPONDING
        self._write(handshake.response_head(status, [*self.default_headers(), *headers]))
        self.answered(status)
        self.respond_on(body, more=more)

    def respond_on(self, body: bytes, *, more: bool) -> None:
        """Write more of the response's body."""
        self._write(body)
        if not more:
            self._finish()

    def overdue(self, now: float) -> None:
        """Give up a peer whose request doesn't come, or who doesn't read its answer."""
        if self.state is REQUESTED:
            self.refuse(408, "the request didn't come in time")
        else:
            super().overdue(now)
