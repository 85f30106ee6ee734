"""A transport that notes which capabilities its connection uses: all that goes over the seam."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar, Final

import anyio

from anysocket.asgi import WebSocketEvent
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.handshake import Denial, Handshake, RawHeaders
from anysocket.supervision.open_sessions import OPEN_SESSIONS
from anysocket.testing.reading import Note, PeerCode
from anysocket.transport import Transport

_LOST: Final = WebSocketEvent(type="websocket.disconnect", code=CloseCode.ABNORMAL_CLOSURE)


_BY_CODE: Final[Mapping[int, str]] = MappingProxyType(
    {
        CloseCode.PROTOCOL_ERROR: "protocol_error_code",
        CloseCode.NO_STATUS_RCVD: "no_close_code",
        CloseCode.ABNORMAL_CLOSURE: "abnormal_closure",
        CloseCode.INVALID_PAYLOAD_DATA: "protocol_error_code",
        CloseCode.MESSAGE_TOO_BIG: "oversized_message_code",
        CloseCode.BAD_GATEWAY: "peer_code_1014",
    }
)
"""What an application needs that reads these codes: some servers report another code instead."""

_CODES: Final = frozenset({"peer_close_code", *_BY_CODE.values()})
"""Where one of these is absent, no code is certain."""


class PeerLeft(Exception):
    """The peer has left: raised instead of the server's own exceptions."""


class RecordedTransport:
    """A transport around another one, which does the work."""

    declared: ClassVar[Capabilities] = Capabilities()
    peer_left_errors: ClassVar[tuple[type[Exception], ...]] = (PeerLeft,)

    def __init__(self, transport: Transport, note: Note) -> None:
        self._transport = transport
        self._note_with_path = note
        self._open_sessions = OPEN_SESSIONS.get()
        self._has_received = False
        self._receiving = False
        self._receive_cancelled = False
        self._sending = 0
        self._send_cancelled = False
        if transport.handshake.root_path:
            self._note("path_below_root")
        if ";" in transport.path:
            self._note("path_parameters")

    @property
    def capabilities(self) -> Capabilities:
        return self._transport.capabilities

    @property
    def path(self) -> str:
        return self._transport.path

    @property
    def headers(self) -> RawHeaders:
        return self._transport.headers

    @property
    def handshake(self) -> Handshake:
        return self._transport.handshake

    async def receive(self) -> WebSocketEvent:
        if self._receive_cancelled:
            self._note("cancelled_receive")
        self._has_received = self._receiving = True
        try:
            return await self._transport.receive()
        except self._transport.peer_left_errors:
            return _LOST
        except anyio.get_cancelled_exc_class():
            self._receive_cancelled = True
            raise
        finally:
            self._receiving = False

    async def send(self, event: WebSocketEvent) -> None:
        if not event.get("text") and not event.get("bytes"):
            self._note("empty_messages")
        if self._sending:
            self._note("suspended_sends")
        self._sending += 1
        try:
            with self._peer_left():
                await self._transport.send(event)
        except PeerLeft:
            if not self._has_received:
                self._note("end_while_sending")
            if self._receiving:  # and will see the end: the two tasks wake in any order
                self._note("end_while_suspended")
            raise
        except UnicodeEncodeError:
            self._note("lone_surrogates")
            raise
        except anyio.get_cancelled_exc_class():
            self._send_cancelled = True
            raise
        finally:
            self._sending -= 1

    def ended(self, event: WebSocketEvent, /) -> Close:
        if self._sending:
            self._note("end_while_suspended")
        close = Close(CloseCode.ABNORMAL_CLOSURE) if event is _LOST else self._transport.ended(event)
        code = PeerCode(close.code)
        code.note, code.needs = self._note, self._needs_of_code(close.code)
        return Close(code, close.reason)

    async def wait_disconnected(self) -> None:
        with self._peer_left():
            await self._transport.wait_disconnected()
        self._note("disconnect_before_accept")

    async def accept(self, subprotocol: str | None, headers: RawHeaders, /) -> None:
        if subprotocol is not None:
            self._note("accept_subprotocol")
        if headers:
            self._note("accept_headers")
        try:
            with self._peer_left():
                await self._transport.accept(subprotocol, headers)
        except PeerLeft:
            self._note("loss_before_accept")
            raise

    async def deny(self, denial: Denial, /) -> None:
        for capability in _needs_of(denial):
            self._note(capability)
        with self._peer_left():
            await self._transport.deny(denial)

    async def close(self, close: Close, /) -> None:
        if close.code != CloseCode.NORMAL_CLOSURE:
            self._note("close_code")
            if not 3000 <= close.code <= 4999:
                self._note("close_codes")
        if close.reason:
            self._note("close_reason")
        if self._receiving:
            self._note("close_while_receiving")
        if self._send_cancelled:
            self._note("cancelled_send")
        with self._peer_left():
            await self._transport.close(close)

    def _needs_of_code(self, code: int) -> Sequence[str]:
        certain = all(getattr(self.capabilities, name) is not Support.ABSENT for name in _CODES)
        return ["peer_close_code", _BY_CODE[code]] if certain and code in _BY_CODE else ["peer_close_code"]

    def _note(self, capability: str) -> None:
        # A server that stops, as at the end of a test, has anysocket close its connections.
        if self._open_sessions is None or not self._open_sessions.draining:
            self._note_with_path(capability, self._transport.path)

    @contextmanager
    def _peer_left(self) -> Generator[None, None, None]:
        try:
            yield
        except self._transport.peer_left_errors as error:
            raise PeerLeft from error


def _needs_of(denial: Denial) -> Iterator[str]:
    if denial.status != HTTPStatus.FORBIDDEN:
        yield "denial_status"
    if denial.status not in set(HTTPStatus):
        yield "denial_unnamed_status"
    names = [name for name, _ in denial.headers if name != b"content-length"]  # always there
    if names or denial.body:
        yield "denial_response"
    if names.count(b"set-cookie") > 1:
        yield "denial_cookies"
    others = [name for name in names if name != b"set-cookie"]
    if len(set(others)) < len(others):
        yield "denial_header_duplicates"
    if not all(value.isascii() for _, value in denial.headers):
        yield "denial_latin1_headers"
