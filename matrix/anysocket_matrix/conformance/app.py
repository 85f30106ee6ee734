"""The app under test: runs the program that a request names, over the layer that it names.

Headers of a request: `x-program` names the case's handler or application, `x-layer` the layer,
`x-connection` the number under which its notes are kept, `x-script` a script for an application.
`GET /notes/<number>` waits until the program has ended, `GET /started/<number>` until it runs,
`GET /noted/<number>` until its first note. `GET /gate/<number>` opens its gate, and `GET /alive/`
answers while the server serves.
"""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TypedDict, cast

import anyio
import msgspec

from anysocket import Application, WebSocketRequest, discovery
from anysocket.adapter import Transport
from anysocket.asgi import Receive, Scope, Send
from anysocket.handshake import RawHeaders
from anysocket_adapters import normalise
from anysocket_adapters.asgi import ASGITransport
from anysocket_matrix.case import PROGRAMS, STATE, App, ASGICall, Handler, Layer, Notes, cases

ROOT_PATH = "/api"
"""The path under which the servers under test mount the app."""

NOTES_DEADLINE = 3.0
"""Seconds for a program to end after its peer asks for its notes."""

INFORMATIVE_DEADLINE = 0.5
"""The same, where the result is only informative."""

MIN_CHECKS = 30
"""The minimum number of checks on a program, however long a busy machine takes for them."""

_SOON, _LATER = 0.002, 0.01
"""Seconds between two checks on a program, which a thread or another event loop may be running."""

_SEVERAL = 10
"""The number of checks in quick succession; most programs have ended by then."""


class Record(msgspec.Struct):
    """A program's notes, and how it ended."""

    notes: list[object]
    code: int | None = None
    raised: str | None = None
    done: bool = False


class _Running:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.notes = Notes()
        self.record = Record(self.notes)


_running: dict[str, _Running] = {}


class CaseApp:
    """Serves the connection of a case, or its notes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve over ASGI."""
        if scope["type"] == "http":
            await _answer(cast("str", scope["path"]), send)
        elif scope["type"] == "lifespan":
            await Application(lifespan=_lifespan)(scope, receive, send)
        else:
            run = _Run(cast("RawHeaders", scope["headers"]))
            with run.recording():
                match run.layer:
                    case Layer.PLAIN:
                        await run.app(scope, receive, send)
                    case Layer.ADAPTER:
                        await run.over(discovery.connect(scope, receive, send))
                    case Layer.NORMALISED:
                        await normalise(run.app, **run.limits)(scope, receive, send)

    async def handle(self, transport: Transport) -> None:
        """Serve over the transport of a server that doesn't speak ASGI."""
        run = _Run(transport.headers)
        with run.recording():
            if run.layer is Layer.NORMALISED:
                await normalise(run.app, **run.limits).handle(transport)
            else:
                await run.over(transport)


app: CaseApp = CaseApp()


@asynccontextmanager
async def _lifespan() -> AsyncGenerator[Mapping[str, object], None]:
    cases()
    yield STATE


class _Limits(TypedDict):
    max_message_size: int
    close_timeout: float


class _Run:
    """The program and the layer that a request names."""

    def __init__(self, lines: RawHeaders) -> None:
        headers = dict(lines)
        self.layer = Layer(headers[b"x-layer"].decode())
        self._program = PROGRAMS[headers[b"x-program"].decode()]
        self._script = headers.get(b"x-script", b"").decode()
        informative = self.layer is Layer.PLAIN and isinstance(self._program, App)
        self._running = _Running(INFORMATIVE_DEADLINE if informative else NOTES_DEADLINE)
        _running[headers[b"x-connection"].decode()] = self._running
        self.limits = _Limits(
            max_message_size=self._program.max_message_size, close_timeout=self._program.close_timeout
        )

    @contextmanager
    def recording(self) -> Generator[None, None, None]:
        """Record how the program ends, as the server sees it."""
        try:
            yield
        except Exception as error:
            self._running.record.raised = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._running.record.done = True

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the ASGI application, which trusts its server."""
        if isinstance(self._program, App):
            await self._program.run(ASGICall(scope, receive, send, self._running.notes, self._script))
        else:
            await self.over(ASGITransport(scope, receive, send))

    async def over(self, transport: Transport) -> None:
        """Run the handler over this transport."""
        handler, running = self._program, self._running
        assert isinstance(handler, Handler)
        application = Application(**self.limits)
        requests: list[WebSocketRequest] = []

        async def noting(request: WebSocketRequest) -> None:
            requests.append(request)
            await handler.run(request, running.notes)

        application.websocket(transport.path)(noting)
        try:
            await application.handle(transport)
        finally:
            running.record.code = requests[0].web_socket.code


async def _answer(path: str, send: Send) -> None:
    verb, number = path.split("/")[-2:]
    record = Record([]) if verb == "alive" else await _wait(verb, number)
    body = b"" if record is None else msgspec.msgpack.encode(record)
    headers = [(b"content-type", b"application/msgpack"), (b"content-length", b"%d" % len(body))]
    status = 404 if record is None else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _wait(verb: str, number: str) -> Record | None:
    with anyio.move_on_after(NOTES_DEADLINE):
        while number not in _running:  # noqa: ASYNC110  # the server may be ahead of the app
            await anyio.sleep(_SOON)
    running = _running.get(number)
    if running is None:
        return None
    if verb == "gate":
        running.notes.open_gate()
    until, checks = anyio.current_time() + running.deadline, 0
    while not running.record.done and (verb == "notes" or (verb == "noted" and not running.notes)):
        if checks >= MIN_CHECKS and anyio.current_time() > until:
            break
        checks += 1
        await anyio.sleep(_SOON if checks <= _SEVERAL else _LATER)
    return running.record
