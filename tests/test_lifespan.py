"""Startup and shutdown: anysocket's lifespan around that of the application behind (contract L1)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import pytest

from anysocket import Application
from anysocket.asgi import ASGIApp, ASGIEvent, Receive, Scope, Send
from anysocket.asgi_app.lifespan import Lifespan

pytestmark = pytest.mark.anyio

START = "lifespan.startup"
STOP = "lifespan.shutdown"
STARTED: ASGIEvent = {"type": "lifespan.startup.complete"}
STOPPED: ASGIEvent = {"type": "lifespan.shutdown.complete"}


class Server:
    """A server that runs an application's lifespan; `history` has the events in order."""

    def __init__(self) -> None:
        self.history: list[object] = []
        self.scope: Scope = {"type": "lifespan", "state": {}}
        self._coming = iter([START, STOP])

    async def run(self, app: Application) -> list[object]:
        await app(self.scope, self._receive, self._send)
        return self.history

    async def _receive(self) -> ASGIEvent:
        event = next(self._coming)
        self.history.append(event)
        return {"type": event}

    async def _send(self, event: ASGIEvent) -> None:
        self.history.append(event)

    def lifespan(self, state: Mapping[str, object] | None = None, *, fails: str | None = None) -> Lifespan:
        """Make a lifespan that records its events, and fails at startup or at shutdown."""

        @asynccontextmanager
        async def ours() -> AsyncGenerator[Mapping[str, object] | None, None]:
            self.history.append("ours begins")
            if fails == "startup":
                raise LookupError("no database")
            yield state
            self.history.append("ours ends")
            if fails == "shutdown":
                raise LookupError("no database")

        return ours


@pytest.fixture
def server() -> Server:
    return Server()


async def test_no_lifespan_at_all(server: Server) -> None:
    assert await server.run(Application()) == [START, STARTED, STOP, STOPPED]


async def test_ours_alone(server: Server) -> None:
    app = Application(lifespan=server.lifespan())
    assert await server.run(app) == [START, "ours begins", STARTED, STOP, "ours ends", STOPPED]


async def test_what_ours_yields_is_the_state(server: Server) -> None:
    await server.run(Application(lifespan=server.lifespan({"pool": 7})))
    assert server.scope["state"] == {"pool": 7}


async def test_a_server_without_state(server: Server) -> None:
    del server.scope["state"]
    await server.run(Application(lifespan=server.lifespan({"pool": 7})))
    assert server.scope["state"] == {"pool": 7}


async def test_ours_begins_first_and_ends_last(server: Server) -> None:
    async def http(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["state"] == {"pool": 7}
        assert await receive() == {"type": "lifespan.startup"}
        server.history.append("theirs begins")
        await send(STARTED)
        assert await receive() == {"type": "lifespan.shutdown"}
        server.history.append("theirs ends")
        await send(STOPPED)

    app = Application(lifespan=server.lifespan({"pool": 7}), http=http)
    assert await server.run(app) == [
        START,
        "ours begins",
        "theirs begins",
        STARTED,
        STOP,
        "theirs ends",
        "ours ends",
        STOPPED,
    ]


async def returns(scope: Scope, receive: Receive, send: Send) -> None: ...


async def raises(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http", "only http"


async def raises_after_receiving(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    raise NotImplementedError


async def returns_after_starting(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send(STARTED)


async def raises_after_starting(scope: Scope, receive: Receive, send: Send) -> None:
    await returns_after_starting(scope, receive, send)
    raise LookupError("a mistake")


async def forgets_to_tell_its_end(scope: Scope, receive: Receive, send: Send) -> None:
    await returns_after_starting(scope, receive, send)
    await receive()


@pytest.mark.parametrize(
    "http",
    [
        returns,
        raises,
        raises_after_receiving,
        returns_after_starting,
        raises_after_starting,
        forgets_to_tell_its_end,
    ],
)
async def test_an_application_behind_with_less_of_a_lifespan(server: Server, http: ASGIApp) -> None:
    app = Application(lifespan=server.lifespan(), http=http)
    assert await server.run(app) == [START, "ours begins", STARTED, STOP, "ours ends", STOPPED]


async def test_a_failure_behind_is_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    await server.run(Application(http=raises_after_starting))
    assert [record.getMessage() for record in caplog.records] == ["the http application's lifespan failed"]


async def test_its_lack_behind_is_not_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    await server.run(Application(http=raises))
    assert not caplog.records


async def test_our_startup_fails(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    app = Application(lifespan=server.lifespan(fails="startup"), http=raises)
    with pytest.raises(LookupError, match="no database"):
        await server.run(app)
    assert server.history == [
        START,
        "ours begins",
        {"type": "lifespan.startup.failed", "message": "LookupError: no database"},
    ]
    assert [record.getMessage() for record in caplog.records] == ["the lifespan failed at startup"]


async def test_our_shutdown_fails(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LookupError, match="no database"):
        await server.run(Application(lifespan=server.lifespan(fails="shutdown")))
    assert server.history == [
        START,
        "ours begins",
        STARTED,
        STOP,
        "ours ends",
        {"type": "lifespan.shutdown.failed", "message": "LookupError: no database"},
    ]
    assert [record.getMessage() for record in caplog.records] == ["the lifespan failed at shutdown"]


FAILED: ASGIEvent = {"type": "lifespan.startup.failed", "message": "theirs"}
FAILED_LATER: ASGIEvent = {"type": "lifespan.shutdown.failed", "message": "theirs"}


async def fails_at_startup(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send(FAILED)


async def fails_at_startup_and_raises(scope: Scope, receive: Receive, send: Send) -> None:
    await fails_at_startup(scope, receive, send)
    raise LookupError("theirs")


async def fails_at_shutdown(scope: Scope, receive: Receive, send: Send) -> None:
    await forgets_to_tell_its_end(scope, receive, send)
    await send(FAILED_LATER)


@pytest.mark.parametrize("http", [fails_at_startup, fails_at_startup_and_raises])
async def test_startup_behind_fails(server: Server, http: ASGIApp) -> None:
    app = Application(lifespan=server.lifespan(), http=http)
    assert await server.run(app) == [START, "ours begins", FAILED, "ours ends"]


async def test_shutdown_behind_fails(server: Server) -> None:
    app = Application(lifespan=server.lifespan(), http=fails_at_shutdown)
    assert await server.run(app) == [START, "ours begins", STARTED, STOP, FAILED_LATER, "ours ends"]


async def test_a_failure_is_told_once(server: Server) -> None:
    app = Application(lifespan=server.lifespan(fails="shutdown"), http=fails_at_startup)
    with pytest.raises(LookupError, match="no database"):
        await server.run(app)
    assert server.history == [START, "ours begins", FAILED, "ours ends"]
