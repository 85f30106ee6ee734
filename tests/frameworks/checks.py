"""Checks for every framework on every server, with its application wrapped in normalise.

Each application in `apps` has the same paths: /echo is the echo of its documentation, /binary echoes
bytes, /until_the_end notes the end in `ends`, /deny denies, /fail accepts and raises, /leave accepts
and returns, and / answers http requests with the value that the startup has set.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import ClassVar
from urllib.request import urlopen

import pytest
from anyio.from_thread import start_blocking_portal
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as websockets_connect
from websockets.typing import Subprotocol

from anysocket import Close, Support
from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket_adapters import running, servers

SERVERS = ("uvicorn", "hypercorn", "granian")

DEADLINE = 5.0

ENVIRONMENT = "frameworks"


class ServedApp:
    """Base of tests that need an application on each server."""

    framework: ClassVar[str]
    """The module of its application, named like its distribution."""
    environment: ClassVar[str] = ENVIRONMENT
    """The environment of tox that installs it."""

    @pytest.fixture(scope="class")
    @classmethod
    def module(cls) -> ModuleType:
        return program(cls.framework, cls.environment)

    @pytest.fixture(scope="class", params=SERVERS)
    @classmethod
    def server(cls, request: pytest.FixtureRequest) -> str:
        return installed(request.param, cls.environment)

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls, module: ModuleType) -> "Counted":
        return Counted(module.app)

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, served: "Counted", server: str) -> Iterator[str]:
        with serving(served, server) as url:
            yield url


class Checks(ServedApp):
    """Base of one class of tests for each framework, which declares the framework's peculiarities."""

    answer: ClassVar[str] = "{}"
    """Return the answer of its documented echo to a text."""
    denied: ClassVar[int] = 403
    failed: ClassVar[int] = 1011
    left: ClassVar[int] = 1000
    http: ClassVar[tuple[str, ...]] = SERVERS
    """The path of its http endpoint, which passes through unchanged."""

    @staticmethod
    def reported(close: Close) -> object:
        """Return the framework's value for a handler whose peer has closed like this."""
        return close.code

    def test_echo(self, url: str, served: "Counted", caplog: pytest.LogCaptureFixture) -> None:
        with connect(f"{url}/echo") as peer:
            for text in ("hello", "", "ré", "x" * 100_000):
                peer.send(text)
                assert receive(peer) == self.answer.format(text)
        until(lambda: served.connections == 0)
        assert not any(record.name.startswith("anysocket") for record in caplog.records)

    @pytest.mark.parametrize("message", [b"", b"\0bytes", b"x" * 100_000], ids=len)
    def test_binary(self, url: str, message: bytes) -> None:
        with connect(f"{url}/binary") as peer:
            for data in (message, b"after it"):
                peer.send(data)
                assert receive(peer) == data

    def test_peers_close(self, url: str, module: ModuleType, server: str) -> None:
        reasons = servers()[server].transport.declared.peer_close_reason
        seen = Close(4999, "" if reasons is Support.ABSENT else "ré")
        module.ends.clear()
        with connect(f"{url}/until_the_end") as peer:
            peer.close(4999, "ré")
            until(lambda: module.ends == [self.reported(seen)])

    def test_lost_connection(self, url: str, module: ModuleType) -> None:
        module.ends.clear()
        with connect(f"{url}/until_the_end") as peer:
            peer.socket.close()
            until(lambda: module.ends == [self.reported(Close(1006))])

    def test_deny(self, url: str) -> None:
        with pytest.raises(InvalidStatus) as refused, connect(f"{url}/deny"):
            pass
        assert refused.value.response.status_code == self.denied

    def test_a_handler_that_raises(self, url: str) -> None:
        with connect(f"{url}/fail") as peer:
            assert end(peer) == self.failed

    def test_a_handler_that_returns(self, url: str) -> None:
        with connect(f"{url}/leave") as peer:
            assert end(peer) == self.left

    def test_http_and_lifespan(self, url: str, server: str) -> None:
        if server in self.http:
            with urlopen(url.replace("ws", "http", 1), timeout=DEADLINE) as response:
                assert response.read() == b"started"


def installed(server: str, environment: str = ENVIRONMENT) -> str:
    """Return the servers to serve on."""
    if servers()[server].version is None:
        pytest.fail(f"{server} isn't installed: tox run -e {environment}")
    return server


def program(name: str, environment: str = ENVIRONMENT) -> ModuleType:
    """Import a module of `apps`."""
    try:
        return import_module(f"tests.frameworks.apps.{name}")
    except ModuleNotFoundError as missing:
        pytest.fail(f"{missing.name} isn't installed: tox run -e {environment}")


@contextmanager
def serving(app: ASGIApp, server: str, root_path: str = "") -> Generator[str]:
    """Serve an application in another thread, as it would be served alone."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(
            running(app, server, log_level="critical", root_path=root_path)
        ) as url,
    ):
        yield url


class Counted:
    """An application whose connections are counted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.connections = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        one = scope["type"] == "websocket"
        self.connections += one
        try:
            await self._app(scope, receive, send)
        finally:
            self.connections -= one


def connect(url: str, subprotocols: Sequence[Subprotocol] | None = None) -> ClientConnection:
    """Connect without a proxy, whatever the environment says."""
    return websockets_connect(url, proxy=None, subprotocols=subprotocols)


def receive(peer: ClientConnection) -> str | bytes:
    """Return the next message."""
    return peer.recv(timeout=DEADLINE)


def end(peer: ClientConnection) -> int | None:
    """Wait for the end, and return the code of the close frame."""
    with pytest.raises(ConnectionClosed) as closed:
        receive(peer)
    frame = closed.value.rcvd
    return None if frame is None else frame.code


def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it didn't become true in time"
        time.sleep(0.005)
