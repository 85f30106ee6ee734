"""Testing handlers in memory: a peer for any application, without server or socket.

    async with connect(app, "/chat/lobby?limit=3") as peer:
        await peer.send("hello")
        assert await peer.receive() == "hello"

Nothing waits for ever: a handler that keeps its peer waiting is a `TimeoutError` that names it.
"""

from collections import deque
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import quote, unquote, urlsplit

import anyio

from anysocket.close import Close, CloseCode
from anysocket.discovery import recorded
from anysocket.errors import ConnectionClosed, WebSocketError
from anysocket.handshake import Address, Denial, Handshake, HeaderLines, validated
from anysocket.http.multidict import Headers
from anysocket.supervision.cancellation import cancels_the_task
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport
from anysocket.transport import TransportApp

__all__ = ["Denied", "Peer", "connect", "connect_and_leave"]

CLIENT: Address = ("127.0.0.1", 50000)
"""Where a peer comes from, by default."""

DEADLINE = 5.0
"""Seconds that a handler may keep its peer waiting, by default."""

_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # the RFC's own example (section 1.3)
_AS_IT_IS = "/?%:@!$&'()*+,;="  # RFC 3986 sections 3.3 and 3.4, and what is encoded already


@asynccontextmanager
async def connect(
    app: TransportApp,
    target: str = "/",
    *,
    headers: HeaderLines = (),
    subprotocols: list[str] | tuple[str, ...] = (),
    client: Address | None = CLIENT,
    state: Mapping[str, object] | None = None,
    unread: int = 16,
    deadline: float = DEADLINE,
) -> AsyncGenerator["Peer", None]:
    """Connect a peer to an application; the block begins once the handler has accepted.

    At the block's end the peer closes with 1000, if it hasn't left before, and waits for the
    handler to end. What the handler raises is raised there, as itself, unless the block raises.

    Args:
        app: an `Application`, or what `normalise` makes of another framework's.
        target: a path with its query, or a whole URL: `wss://example.org/chat?limit=3`.
        headers: lines of the request, besides those of every handshake.
        subprotocols: what the peer offers.
        client: the peer's host and port.
        state: what the application's lifespan would yield: in memory it isn't run.
        unread: how many messages may wait in each direction before their sender does.
        deadline: seconds for the answer, for each wait of the peer, and for the handler's end.

    Raises:
        Denied: the handler refuses the connection.
        TimeoutError: the handler keeps the peer waiting.
        ValueError: the target or a header can't be sent.
    """
    handshake = _handshake(target, headers, subprotocols, client, state)
    transport = MemoryTransport(handshake, unread=unread)
    patience = _Patience(handshake.path, deadline)
    async with _handling(app, transport, patience):
        answer = await _answer(transport.peer, patience)
        if isinstance(answer, Accepted):
            peer = Peer(transport.peer, answer, patience)
            try:
                yield peer
            finally:
                await peer.close()
    # Raised here, so that what the handler itself raises comes before what the peer sees of it.
    if isinstance(answer, Denial):
        raise Denied(answer.status, Headers.from_raw(answer.headers), answer.body)
    if answer is None:
        raise RuntimeError(f"the handler of {handshake.path} ended without an answer")


async def connect_and_leave(
    app: TransportApp,
    target: str = "/",
    *,
    headers: HeaderLines = (),
    subprotocols: list[str] | tuple[str, ...] = (),
    client: Address | None = CLIENT,
    state: Mapping[str, object] | None = None,
    deadline: float = DEADLINE,
) -> None:
    """Connect and leave before the handler answers (contract H5); return once it has ended.

    The arguments are those of `connect`.

    Raises:
        TimeoutError: the handler goes on.
        ValueError: the target or a header can't be sent.
    """
    handshake = _handshake(target, headers, subprotocols, client, state)
    async with _handling(app, MemoryTransport(handshake), _Patience(handshake.path, deadline)):
        pass


class Denied(WebSocketError):
    """The handler refused the connection with an HTTP response (contract H3).

    Attributes:
        status: from 300 to 599.
        headers: the lines of the response.
        body: what the response carries.
    """

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        super().__init__(status, headers, body)
        self.status = status
        self.headers = headers
        self.body = body

    def __str__(self) -> str:
        lines = ", ".join(f"{name}: {value}" for name, value in self.headers.pairs())
        return f"denied with {self.status}; {lines}; {self.body!r}"


class Peer:
    """The peer of an open connection, which does what a client does."""

    def __init__(self, memory: MemoryPeer, answer: Accepted, patience: "_Patience") -> None:
        self.subprotocol: str | None = answer.subprotocol
        """The subprotocol that the handler chose."""
        self.headers: Headers = Headers.from_raw(answer.headers)
        """The header lines that the handler gave to accept."""
        self._memory = memory
        self._patience = patience
        self._unread = deque[str | bytes]()
        self._end: Close | None = None

    @property
    def code(self) -> int | None:
        """The close code, and None until the peer knows of the end: its own when it closed first."""
        return None if self._end is None else self._end.code

    @property
    def reason(self) -> str | None:
        """The close reason that goes with `code`."""
        return None if self._end is None else self._end.reason

    async def receive(self) -> str | bytes | None:
        """Wait for the handler's next message; None at the end, and `code` tells why.

        Raises:
            TimeoutError: the handler sends nothing, and doesn't close.
        """
        return self._unread.popleft() if self._unread else await self._next()

    async def send(self, data: str | bytes | bytearray | memoryview) -> None:
        """Send a message; waits while too many are unread.

        Raises:
            ConnectionClosed: either side has closed, or the handler has ended.
            TimeoutError: the handler receives nothing.
        """
        if isinstance(data, str):
            data.encode()  # a lone surrogate can't go over any wire
        else:
            data = bytes(memoryview(data))
        if self._end is None:
            try:
                with self._patience.until("received a message"):
                    await self._memory.send(data)
            except anyio.BrokenResourceError:
                while (message := await self._next()) is not None:
                    self._unread.append(message)
            else:
                return
        assert self._end is not None
        raise ConnectionClosed(self._end.code, self._end.reason)

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close as a peer does; 1005 stands for a close frame without a code.

        What the handler has sent and the peer hasn't received is dropped. Does nothing after the end.

        Raises:
            ValueError: no peer can send this code or this reason.
        """
        close = Close(code, reason)
        if code != CloseCode.NO_STATUS_RCVD:
            close.validate()
        if self._end is None:
            self._end = close
            await self._memory.close(code, reason)

    def abort(self) -> None:
        """Break the connection: there is no close frame, and the handler sees 1006."""
        if self._end is None:
            self._end = Close(CloseCode.ABNORMAL_CLOSURE)
            self._memory.abort()

    async def _next(self) -> str | bytes | None:
        if self._end is not None:
            return None
        try:
            with self._patience.until("sent a message or closed"):
                item = await self._memory.receive()
        except anyio.EndOfStream:
            item = Close(CloseCode.ABNORMAL_CLOSURE)
        if isinstance(item, str | bytes):
            return item
        assert isinstance(item, Close)  # the handshake is answered once
        # Another task may have closed meanwhile; the first close stands.
        self._end = self._end or item
        return None


class _Patience:
    """How long a handler may keep its peer waiting, and what is said when it's over."""

    def __init__(self, path: str, deadline: float) -> None:
        self.path = path
        self._deadline = deadline

    @contextmanager
    def until(self, done: str) -> Generator[None, None, None]:
        with anyio.move_on_after(self._deadline) as waiting:
            yield
        if waiting.cancelled_caught:
            raise TimeoutError(f"the handler of {self.path} hasn't {done} within {self._deadline:g} s")


async def _answer(peer: MemoryPeer, patience: _Patience) -> Accepted | Denial | None:
    try:
        with patience.until("answered the handshake"):
            answer = await peer.receive()
    except anyio.EndOfStream:
        return None
    assert isinstance(answer, Accepted | Denial)  # it comes before everything else
    return answer


@asynccontextmanager
async def _handling(
    app: TransportApp, transport: MemoryTransport, patience: _Patience
) -> AsyncGenerator[None, None]:
    """Run the handler beside the block, and end both; the peer has left at the block's end."""
    in_block: list[BaseException] = []
    in_handler: list[BaseException] = []
    ended = anyio.Event()

    async def handle() -> None:
        with _kept(in_handler):
            await app.handle(recorded(transport))
        transport.peer.abort()
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(handle)
        with _kept(in_block):
            yield
        transport.peer.abort()
        with _kept(in_handler), patience.until("ended after its peer had left"):
            await ended.wait()
        tasks.cancel_scope.cancel()
    errors = in_block + in_handler
    for error in errors[1:]:
        errors[0].add_note(f"and from the handler of {patience.path}: {error!r}")
    if errors:
        raise errors[0]


@contextmanager
def _kept(errors: list[BaseException]) -> Generator[None, None, None]:
    """Keep what is raised, to be raised as it is: a task group would wrap it.

    It would also take a CancelledError that a program lets escape for its own, and end the test in
    silence.
    """
    try:
        yield
    except BaseException as error:
        if cancels_the_task(error) or isinstance(error, GeneratorExit):
            raise
        errors.append(error)


def _handshake(
    target: str,
    headers: HeaderLines,
    subprotocols: list[str] | tuple[str, ...],
    client: Address | None,
    state: Mapping[str, object] | None,
) -> Handshake:
    """Make the request that a real peer would send."""
    url = urlsplit(f"ws://testserver{target}" if target.startswith("/") else target)
    if url.scheme not in ("ws", "wss") or not url.hostname or url.fragment:
        raise ValueError(f"target {target!r} is neither a path such as /chat?limit=3 nor a URL of ws or wss")
    raw_path = quote(url.path or "/", safe=_AS_IT_IS)
    given = validated(headers)
    lines = [
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade"),
        (b"sec-websocket-key", _KEY),
        (b"sec-websocket-version", b"13"),
    ]
    if subprotocols:
        lines.append((b"sec-websocket-protocol", ", ".join(subprotocols).encode("ascii")))
    if not any(name == b"host" for name, _ in given):
        lines.insert(0, (b"host", url.netloc.encode("idna")))
    return Handshake(
        path=unquote(raw_path),
        raw_path=raw_path.encode("ascii"),
        query_string=quote(url.query, safe=_AS_IT_IS).encode("ascii"),
        headers=[*lines, *given],
        subprotocols=tuple(subprotocols),
        client=client,
        server=(url.hostname, url.port or (443 if url.scheme == "wss" else 80)),
        scheme=url.scheme,
        state=state or {},
    )
