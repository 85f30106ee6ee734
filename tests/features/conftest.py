"""Each feature's test runs on real servers, and in memory unless it needs sockets."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websockets_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from anysocket import Application, Capabilities, Headers
from anysocket.asgi import ASGIApp
from anysocket.testing import Denied as Denied
from anysocket.testing import connect as connect_in_memory
from anysocket.testing.memory import MemoryTransport
from anysocket_adapters import normalise, running, servers

MEMORY = "memory"
SERVERS = ("uvicorn", "hypercorn", "granian")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=[MEMORY, *SERVERS])
def server(request: pytest.FixtureRequest) -> str:
    """The place where a test runs. A test that needs sockets is marked with `on_sockets`."""
    name: str = request.param
    if name != MEMORY and servers()[name].version is None:
        pytest.fail(f"{name} isn't installed: pip install 'anysocket[all]'")
    return name


on_sockets = pytest.mark.parametrize("server", SERVERS, indirect=True)
"""For tests that need more of a server than its WebSockets."""


@pytest.fixture
def capabilities(server: str) -> Capabilities:
    """The server's capabilities; in memory all are native."""
    transport = MemoryTransport if server == MEMORY else servers()[server].transport
    return transport.declared


class Peer(Protocol):
    """A client, with the interface of `anysocket.testing`."""

    @property
    def subprotocol(self) -> str | None: ...
    @property
    def headers(self) -> Headers:
        """The header lines of the response."""
        ...

    @property
    def code(self) -> int | None:
        """The close code, None until the connection is closed."""
        ...

    @property
    def reason(self) -> str | None: ...
    async def send(self, message: str | bytes, /) -> None: ...
    async def receive(self) -> str | bytes | None:
        """Return the next message, or None at the end."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None: ...
    def abort(self) -> None:
        """Reset the connection."""
        ...


class RealPeer:
    """A client over a real socket, by the `websockets` package."""

    def __init__(self, client: ClientConnection) -> None:
        self._client = client

    @property
    def subprotocol(self) -> str | None:
        return self._client.subprotocol

    @property
    def headers(self) -> Headers:
        """The header lines of the response."""
        assert self._client.response is not None
        return Headers(self._client.response.headers.raw_items())

    @property
    def code(self) -> int | None:
        """The close code, None until the connection is closed."""
        return self._client.close_code

    @property
    def reason(self) -> str | None:
        return self._client.close_reason

    async def send(self, message: str | bytes) -> None:
        await self._client.send(message)

    async def receive(self) -> str | bytes | None:
        """Return the next message, or None at the end."""
        try:
            return await self._client.recv()
        except ConnectionClosed:
            return None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._client.close(code, reason)

    def abort(self) -> None:
        """Reset the connection."""
        self._client.transport.abort()


class ServedApp(Protocol):
    """A served app."""

    @property
    def url(self) -> str: ...

    def connect(
        self, path: str = "/", *, headers: Iterable[tuple[str, str]] = (), subprotocols: Iterable[str] = ()
    ) -> AbstractAsyncContextManager[Peer]:
        """Connect; raise `Denied` if the connection is refused."""
        ...


class ServedOnServer:
    """An app that a server serves."""

    def __init__(self, url: str) -> None:
        self.url = url

    @asynccontextmanager
    async def connect(
        self, path: str = "/", *, headers: Iterable[tuple[str, str]] = (), subprotocols: Iterable[str] = ()
    ) -> AsyncGenerator[Peer, None]:
        offered = [Subprotocol(each) for each in subprotocols]
        try:
            client = await websockets_connect(
                self.url + path, additional_headers=list(headers), subprotocols=offered or None, proxy=None
            )
        except InvalidStatus as refused:
            response = refused.response
            raise Denied(
                response.status_code, Headers(response.headers.raw_items()), bytes(response.body or b"")
            ) from None
        async with client:
            yield RealPeer(client)


class ServedInMemory:
    """An app whose peers are in the same program."""

    url = "ws://testserver"

    def __init__(self, app: ASGIApp) -> None:
        self._app = app if isinstance(app, Application) else normalise(app)

    @asynccontextmanager
    async def connect(
        self, path: str = "/", *, headers: Iterable[tuple[str, str]] = (), subprotocols: Iterable[str] = ()
    ) -> AsyncGenerator[Peer, None]:
        async with connect_in_memory(
            self._app, path, headers=headers, subprotocols=tuple(subprotocols)
        ) as peer:
            yield peer


class Serve(Protocol):
    """Serve an app, for several peers."""

    def __call__(self, app: ASGIApp) -> AbstractAsyncContextManager[ServedApp]: ...


class Connect(Protocol):
    """Serve an app, and connect to it."""

    def __call__(
        self,
        app: ASGIApp,
        path: str = "/",
        *,
        headers: Iterable[tuple[str, str]] = (),
        subprotocols: Iterable[str] = (),
    ) -> AbstractAsyncContextManager[Peer]:
        """Connect; raise `Denied` if the connection is refused."""
        ...


@pytest.fixture
def serve(server: str) -> Serve:
    @asynccontextmanager
    async def serve(app: ASGIApp) -> AsyncGenerator[ServedApp, None]:
        if server == MEMORY:
            yield ServedInMemory(app)
        else:
            async with running(app, server) as url:
                yield ServedOnServer(url)

    return serve


@pytest.fixture
def connect(serve: Serve) -> Connect:
    @asynccontextmanager
    async def connect(
        app: ASGIApp,
        path: str = "/",
        *,
        headers: Iterable[tuple[str, str]] = (),
        subprotocols: Iterable[str] = (),
    ) -> AsyncGenerator[Peer, None]:
        async with (
            serve(app) as served,
            served.connect(path, headers=headers, subprotocols=subprotocols) as peer,
        ):
            yield peer

    return connect
