"""A WebSocket connection from its request to its end: asyncio's protocol, and what an application does.

A read is handled whole: its frames are read, the application's task runs as far as it gets, and
its messages go out in one write.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from anysocket_protocol import deflate
from anysocket_protocol.frames import (
    CLOSE,
    FIN,
    PING,
    PONG,
    RSV1,
    FrameError,
    close_payload,
    header,
)
from anysocket_protocol.inbox import Inbox
from anysocket_protocol.inflating import inflating
from anysocket_protocol.metered import MeteredInbox
from anysocket_protocol.opening import Opening
from anysocket_protocol.reader import Closed, Fragment, Ping, Reader
from anysocket_protocol.settings import Settings
from anysocket_protocol.state import (
    CLOSED,
    CLOSING,
    CONNECTING,
    OPEN,
    PEER_CLOSED,
    REQUESTED,
    State,
)

_COPIED_SIZE: Final = 16 * 1024
"""Bytes of a payload that are copied behind their header; a larger one is written by itself."""

_LAST_WORDS: Final = 0.5
"""Seconds that an application has to answer what came before the peer's close."""

_LINGER: Final = 1.0
"""Seconds to wait for a peer to hang up after its connection has failed (RFC 6455 section 7.1.7)."""

_LOST: Final = Closed(1006, "")


class Connection(Opening):
    """One connection; a subclass runs an application when `requested`."""

    __slots__ = ("_behind", "_deflater", "_heard", "_inbox", "_pinged", "_pong", "_reader")

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(settings, loop)
        limits = settings.limits
        self._inbox = MeteredInbox(loop, limits) if limits.metered else Inbox(loop)
        self._reader: Reader | None = None
        """None until the connection is open."""
        self._deflater: deflate.Deflater | None = None
        self._behind = False
        """Whether what came is read on in the next turn of the event loop."""
        self._heard = 0.0
        """The time of the last sign of life."""
        self._pinged = 0.0
        """The time of the last ping."""
        self._pong: bytes | None = None
        """The payload of a ping whose answer waits for the peer to read."""

    # asyncio's protocol

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent, and have it handled."""
        reader = self._reader
        if reader is not None and reader.idle and self.state is OPEN and not self._inbox.unread:
            self._heard = self._loop.time()
            held = self._held
            if held is None:
                self._held, self._held_size = [], 0
            try:
                message = reader.whole_message(data)
                if message is not None:
                    inbox = self._inbox
                    inbox.put(message)
                    if inbox.unread and self._full:
                        self._pause_reading()
                else:
                    reader.receive_data(data)
                    self._read(reader)
            except FrameError as error:
                self._fail(error)
            if held is None:
                self.release()
        elif reader is None:
            if self.state is REQUESTED:
                self._take_head(data)
            elif self.state is CONNECTING:
                self._take_early(data)
        elif self.state is OPEN or self.state is CLOSING:
            self._heard = self._loop.time()
            reader.receive_data(data)
            if not self._behind:
                self._read_on()

    def eof_received(self) -> bool:
        """Take the end of what the peer sends for its end (RFC 6455 section 7.1.4)."""
        self.release()  # asyncio closes the transport behind this
        if self.state is PEER_CLOSED and self._transport is not None:
            return self._transport.get_extra_info("sslcontext") is None  # it may still read; not with TLS
        if self.state is not CLOSING and self.state is not CLOSED:
            self._lose()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note how the connection has ended, if nothing else has ended it."""
        super().connection_lost(exc)
        self._inbox.put_end(_LOST)
        self._reader = self._deflater = None  # the application may live on, and what they hold is useless

    def resume_writing(self) -> None:
        """Answer the last ping, and let the waiting sends go on."""
        self._writing = True
        self._heard = self._loop.time()  # it has read something
        pong, self._pong = self._pong, None
        if pong is not None and self._can_send:
            self._answer(pong)
        self._wake_drains()

    # The opening

    def accept(self, subprotocol: str | None, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Open the connection (section 4.2.2). Only while it is CONNECTING."""
        assert self.request is not None
        agreed, limits = None, self._settings.limits
        if self._settings.compression:
            agreed = deflate.agree(self.request.elements(b"sec-websocket-extensions"))
        early = self._switch(subprotocol, None if agreed is None else agreed.header(), headers)
        inflater = None
        if agreed is not None:
            inflater, self._deflater = deflate.Inflater(agreed), deflate.Deflater(agreed)
        self._reader = Reader(limits.max_message_size, limits.max_frames, inflater)
        self.state: State = OPEN
        self._heard = self._loop.time()
        if self._settings.ping_interval is not None:
            self._set_deadline(self._settings.ping_interval)
        if isinstance(self._inbox, MeteredInbox):
            self._inbox.open()
            self._look_by(self._inbox.ends()[0])
        self._resume_reading()
        if early:
            self._reader.receive_data(early)
            self._read_on()

    # Reading

    def _read(self, reader: Reader) -> None:
        """Read until there is no more, the application is behind, or others have their turn."""
        self._behind = False
        limits, inbox, size = self._settings.limits, self._inbox, 0
        for _ in range(limits.burst):
            if inbox.unread and self._full:
                self._pause_reading()
                return
            event = reader.next_event()
            if event is None:
                self._resume_reading()
                return
            if event is Fragment.READ:
                continue
            if event is Fragment.INFLATED:
                self._pause_reading()
                self._behind = True
                inflating(self._loop).go_on(self._read_on, same_message=size == 0)
                return
            if isinstance(event, str) or isinstance(event, bytes):  # noqa: SIM101 - a union costs more
                if self.state is OPEN:
                    inbox.put(event)
                    size += len(event)
            elif isinstance(event, Closed):
                self._take_close(event)
            elif isinstance(event, Ping) and self.state is OPEN:
                self._answer(event.payload)
            if self.state is not OPEN and self.state is not CLOSING:
                return
            if size >= limits.burst_size:
                break
        self._pause_reading()
        self._behind = True
        self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        """Read more of what has come."""
        self._behind = False
        if self._reader is None or (self.state is not OPEN and self.state is not CLOSING):
            return
        self._hold()
        try:
            self._read(self._reader)
        except FrameError as error:
            self._fail(error)
        finally:
            self.release()

    @property
    def _full(self) -> bool:
        """Whether the application has so much to receive that the peer has to wait."""
        inbox, limits = self._inbox, self._settings.limits
        return self.state is OPEN and (
            len(inbox.unread) >= limits.max_unread or inbox.size >= limits.max_unread_size
        )

    def _received(self) -> None:
        """Read on once the application has caught up."""
        unread = self._inbox.unread
        if not self._reading and not self._behind and len(unread) <= self._settings.limits.max_unread // 2:
            self._behind = True
            self._heard = self._loop.time()  # a sign of life may have waited unread
            self._loop.call_soon(self._read_on)

    def _answer(self, ping: bytes) -> None:
        """Answer a ping; of those that the peer doesn't read, only the last one (section 5.5.3)."""
        if self._writing:
            self._write(header(FIN | PONG, len(ping)) + ping)
        else:
            self._pong = ping

    # Writing

    def _write_message(self, opcode: int, payload: bytes) -> None:
        first = FIN | opcode
        if self._deflater is not None and len(payload) >= deflate.MIN_SIZE:
            first, payload = first | RSV1, self._deflater.deflate(payload)
        size = len(payload)
        if size <= _COPIED_SIZE:
            self._write(header(first, size) + payload)
        else:
            self._write_uncopied(header(first, size), payload)

    def _write_close(self, code: int | None, reason: str) -> None:
        payload = close_payload(code, reason)
        self._write(header(FIN | CLOSE, len(payload)) + payload)

    @property
    def _can_send(self) -> bool:
        return self.state is OPEN or self.state is PEER_CLOSED

    # The end

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake, or answer the peer's (section 7.1.2)."""
        if self.state is PEER_CLOSED:
            self._answer_close()
            return
        self._write_close(code, reason)
        self.state = CLOSING
        self._inbox.clear()
        self._inbox.put_end(Closed(code, reason))
        self._set_deadline(self._settings.close_timeout)
        self._wake_drains()
        if not self._reading and not self._behind:
            self._behind = True  # the peer's close may be among what came
            self._loop.call_soon(self._read_on)

    def _take_close(self, close: Closed) -> None:
        """Take the peer's close; the application may still answer what came before it."""
        if self.state is CLOSING:
            self._finish()
            return
        self.state = PEER_CLOSED
        self._inbox.put_end(close)
        self._wake_drains()
        if self.state is not PEER_CLOSED:
            return  # the application has ended within that
        if len(self._inbox.unread) > 1:
            self._set_deadline(_LAST_WORDS)
        else:
            self._answer_close()

    def _answer_close(self) -> None:
        """Answer the peer's close with its own code, and end (section 5.5.1)."""
        end = self._inbox.end
        self._write_close(None if end is None or end.code == 1005 else end.code, "")
        self._finish()

    def _fail(self, error: FrameError) -> None:
        """Close a connection whose peer breaks the protocol (section 7.1.7)."""
        if self.state is CLOSING:
            self._finish()
            return
        self._write_close(error.code, error.reason)
        self.state = CLOSED
        self._reader = None  # it may hold a large message
        self._inbox.put_end(Closed(error.code, error.reason))
        self._wake_drains()
        self._resume_reading()  # what comes now is dropped: unread it would reset TCP, and lose our close
        self._set_deadline(_LINGER)

    def _lose(self) -> None:
        """Note that the peer is gone."""
        self.state = CLOSED
        self._inbox.put_end(_LOST)
        self._wake_drains()
        self._set_deadline(self._settings.close_timeout)  # for it to read what was sent before

    def _finish(self) -> None:
        super()._finish()
        self._inbox.put_end(_LOST)  # a refusal, which has no other end

    def _abort(self) -> None:
        super()._abort()
        self._inbox.put_end(_LOST)

    def shutdown(self, code: int = 1001) -> None:
        """Close the connection because the server ends; refuse it unless it is open."""
        if self.state is OPEN:
            self.close(code, "")
        elif self.state is CONNECTING:
            self.refuse(503, "the server is shutting down")
        elif self.state is REQUESTED:
            self._abort()

    # Time

    def overdue(self, now: float) -> None:
        """Do what is due: a ping, giving up the peer, or the answer to its close."""
        if self.state is OPEN:
            self._live_on(now)
        elif self.state is PEER_CLOSED:
            self._answer_close()
        else:
            super().overdue(now)

    def _live_on(self, now: float) -> None:
        """Close a connection that is silent or open for too long; keep any other one alive."""
        if isinstance(self._inbox, MeteredInbox):
            end, reason = self._inbox.ends()
            if now >= end:
                self.close(1001, reason)
                return
            if self._settings.ping_interval is not None:
                self._keep_alive(now)
            self._look_by(end)
        else:
            self._keep_alive(now)

    def _look_by(self, deadline: float) -> None:
        """Look at the connection by this time, if not before."""
        if self.state is OPEN and deadline < self.deadline:
            self._clock.set(self, deadline)

    def _keep_alive(self, now: float) -> None:
        """Send a ping, or give up the peer that hasn't shown a sign of life since the last one."""
        interval, timeout = self._settings.ping_interval, self._settings.ping_timeout
        assert interval is not None  # or an open connection would have no deadline
        if timeout is not None and self._pinged > self._heard and self._reading:
            lost = self._pinged + timeout
            if now >= lost:
                self._abort()
                return
            due = min(now + interval, lost)  # it may be answered, and be silent again, before it is lost
        else:
            due = max(self._heard, self._pinged) + interval
            if now >= due:
                if self._writing:
                    self._write(header(FIN | PING, 0))
                self._pinged = now
                due = now + (interval if timeout is None else min(interval, timeout))
        self._set_deadline(due - now)
