"""What is repaired inside uvicorn's protocol objects: of one connection, once, if it looks as known.

Each repair names what it uses in a protocol class. A version of uvicorn without it is left as it is.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from anysocket.close import CloseCode
from anysocket.session.read_ahead import MAX_UNREAD, MAX_UNREAD_SIZE
from anysocket_adapters.repairs.known import once_for_each_class

if TYPE_CHECKING:
    from websockets.datastructures import Headers
    from wsproto import WSConnection
    from wsproto.events import BytesMessage, Request, TextMessage


_CLOSED_POLL = 0.005
"""Seconds between two looks at whether the closing handshake is over."""

_FAILED_TIMEOUT = 0.5
"""Seconds that a failed connection of websockets waits for its peer to hang up; its own are ten."""


@runtime_checkable
class WSProto(Protocol):
    """`uvicorn.protocols.websockets.wsproto_impl.WSProtocol`."""

    transport: asyncio.WriteTransport
    disconnected: bool
    queue: asyncio.Queue[object]
    writable: asyncio.Event
    handle_close: Callable[..., None]
    read_paused: bool
    loop: asyncio.AbstractEventLoop
    ping_timeout: float | None
    pong_timer: asyncio.TimerHandle | None
    keepalive_timeout: Callable[[], None]
    conn: "WSConnection"
    data_received: Callable[[bytes], None]
    handle_message: "Callable[[TextMessage | BytesMessage], None]"


class _Frame(Protocol):
    code: int
    reason: str


@runtime_checkable
class Legacy(Protocol):
    """`uvicorn.protocols.websockets.websockets_impl.WebSocketProtocol`."""

    lost_connection_before_handshake: bool
    handshake_started_event: asyncio.Event
    closed_event: asyncio.Event
    transport: asyncio.WriteTransport
    close_rcvd: _Frame | None
    close_sent: _Frame | None
    messages: deque[str | bytes]
    max_queue: int | None
    loop: asyncio.AbstractEventLoop
    close_timeout: float
    keepalive_ping: "Callable[[], Coroutine[None, None, None]]"
    fail_connection: Callable[[int, str], None]
    write_http_response: "Callable[[HTTPStatus, Headers, bytes | None], None]"
    _pop_message_waiter: asyncio.Future[None] | None
    _put_message_waiter: asyncio.Future[None] | None
    _paused: bool
    _drain_helper: Callable[[], Awaitable[None]]
    _drain_waiter: asyncio.Future[None] | None
    ensure_open: Callable[[], Awaitable[None]]
    connection_closed_exc: Callable[[], Exception]


as_wsproto: Callable[[object], WSProto | None] = once_for_each_class(
    lambda found: found if isinstance(found, WSProto) else None
)
as_legacy: Callable[[object], Legacy | None] = once_for_each_class(
    lambda found: found if isinstance(found, Legacy) else None
)


class _OpenLegacy(Legacy, Protocol):
    """What it has once it is open."""

    keepalive_ping_task: asyncio.Task[None]


def read_on_wsproto(protocol: WSProto) -> None:
    """Let several messages be unread before reading pauses: behind the first one no pong is seen."""
    deliver, size = protocol.handle_message, 0

    def delivering(event: "TextMessage | BytesMessage") -> None:
        nonlocal size
        size = len(event.data) + (0 if protocol.queue.empty() else size)
        _deliver(protocol, lambda: deliver(event), size)

    protocol.handle_message = delivering
    _trust_when_paused(protocol)


def _deliver(protocol: WSProto, deliver: Callable[[], None], size: int) -> None:
    """Queue a message; uvicorn 0.54 pauses reading then, unless it thinks that it has."""
    if protocol.read_paused or protocol.queue.qsize() >= MAX_UNREAD or size >= MAX_UNREAD_SIZE:
        deliver()
        return
    protocol.read_paused = True
    deliver()
    protocol.read_paused = False


def _trust_when_paused(protocol: WSProto) -> None:
    """Don't take a peer for dead whose pong may be among what isn't read (contract L3)."""
    timeout = protocol.keepalive_timeout

    def timed_out() -> None:
        if protocol.read_paused and protocol.ping_timeout is not None:
            later = protocol.loop.call_later(protocol.ping_timeout, protocol.keepalive_timeout)
            protocol.pong_timer = later
        else:
            timeout()

    protocol.keepalive_timeout = timed_out


async def wait_until_closed(protocol: WSProto) -> None:
    """Wait for the end of the closing handshake, and when that is given up, for no silent peer.

    uvicorn 0.54 gives every peer ten seconds, and for ever one that doesn't read.
    """
    try:
        while not protocol.disconnected:  # noqa: ASYNC110
            await asyncio.sleep(_CLOSED_POLL)
    finally:
        protocol.transport.abort()


def wake_senders(protocol: WSProto) -> None:
    """End the sends that wait for the peer when it closes: uvicorn 0.54 waits until it has read."""
    handle = protocol.handle_close

    def handling(event: object) -> None:
        handle(event)
        protocol.writable.set()

    protocol.handle_close = handling


def take_early_messages(protocol: WSProto) -> None:
    """Take what came before accept: wsproto 1.3 leaves it to the HTTP parser of the handshake."""
    parser = getattr(protocol.conn.handshake, "_h11_connection", None)
    trailing: bytes = parser.trailing_data[0] if parser is not None else b""
    if trailing:
        protocol.data_received(trailing)


def initiating_request(protocol: WSProto) -> "Request | None":
    """Give wsproto's own request: `decline_senseless_offers` replaces it."""
    return getattr(protocol.conn.handshake, "_initiating_request", None)


def lines_taken_out(request: "Request") -> list[tuple[bytes, bytes]]:
    """Give the header lines that wsproto 1.3 keeps to itself, each offer in one."""
    offers = {
        b"sec-websocket-protocol": request.subprotocols,
        b"sec-websocket-extensions": request.extensions,
    }
    return [(name, ", ".join(map(str, offer)).encode("latin-1")) for name, offer in offers.items() if offer]


def decline_senseless_offers(protocol: WSProto) -> None:
    """Do without extensions where the peer's offer makes no sense: wsproto 1.3 fails on it."""
    from wsproto.extensions import PerMessageDeflate
    from wsproto.handshake import server_extensions_handshake

    handshake, request = protocol.conn.handshake, initiating_request(protocol)
    if request is None:
        return
    try:
        server_extensions_handshake(cast("Sequence[str]", request.extensions), [PerMessageDeflate()])
    except ValueError:
        declined = replace(request, extensions=[])
        handshake._initiating_request = declined  # pyright: ignore[reportPrivateUsage]


def let_many_wait(protocol: Legacy) -> None:
    """Let several tasks wait for a peer that reads slowly, until it closes.

    The second one fails on an assertion in websockets 17.4, whose code is asyncio's before 3.10,
    and a peer that has closed and doesn't read is waited for.
    """
    drain = protocol._drain_helper  # pyright: ignore[reportPrivateUsage]
    one_at_a_time = asyncio.Lock()

    async def refusing() -> None:
        raise protocol.connection_closed_exc()

    async def waiting() -> None:
        if not protocol._paused:  # pyright: ignore[reportPrivateUsage]
            await drain()
        elif protocol.close_rcvd is None:
            async with one_at_a_time:
                if protocol.close_rcvd is None:
                    await drain()
        else:  # this is our answer
            protocol.ensure_open = refusing
            waiter = protocol._drain_waiter  # pyright: ignore[reportPrivateUsage]
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    protocol._drain_helper = waiting  # pyright: ignore[reportPrivateUsage]


def write_latin1(protocol: Legacy) -> None:
    """Send header values as ISO-8859-1: websockets 17.4 believes that they are ASCII, and sends UTF-8."""

    def writing(status: HTTPStatus, headers: "Headers", body: bytes | None = None) -> None:
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}"
        protocol.transport.write(head.encode("latin-1") + (body or b""))

    protocol.write_http_response = writing


def fail_soon(protocol: Legacy, lost: Callable[[], None]) -> None:
    """Tell of a failed connection at once, and take no peer for dead whose pong may be unread.

    Args:
        protocol: the connection.
        lost: called when no pong came.
    """
    fail = protocol.fail_connection

    def failing(code: int = CloseCode.ABNORMAL_CLOSURE, reason: str = "") -> None:
        if code == CloseCode.INTERNAL_ERROR:  # keepalive's
            if protocol.max_queue is not None and len(protocol.messages) >= protocol.max_queue:
                again = protocol.loop.create_task(protocol.keepalive_ping())
                cast("_OpenLegacy", protocol).keepalive_ping_task = again  # pings are sent when it is open
                return
            lost()
        protocol.close_timeout = _FAILED_TIMEOUT
        fail(code, reason)

    protocol.fail_connection = failing


def wake_receiver(protocol: Legacy) -> None:
    """End a receive that waits while another task closes: websockets would leave it to the peer."""
    waiter = protocol._pop_message_waiter  # pyright: ignore[reportPrivateUsage]
    if waiter is not None and not waiter.done():
        protocol.messages.append("")
        waiter.set_result(None)


def forget_messages(protocol: Legacy) -> None:
    """Read on to the peer's close: websockets would wait for room in its queue, which nobody makes now."""
    protocol.messages = deque(protocol.messages, maxlen=1)
    waiter = protocol._put_message_waiter  # pyright: ignore[reportPrivateUsage]
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
