"""Checks of `uvicorn --ws anysocket_adapters.uvicorn:UvicornConnection`, for any application.

Each application has the same two paths: /echo sends everything back, closes with 4001 when asked to
"close", and prints the end; /deny denies with 401 and a body.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import ClassVar

import pytest
import trustme
from tests.servers.client import connect
from tests.servers.serving import Serving
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from anysocket import Close
from anysocket_adapters import uvicorn

NATIVE = ("--ws", f"{uvicorn.__name__}:{uvicorn.UvicornConnection.__name__}")

DEADLINE = 10.0

RUNNING = "Uvicorn running on "


@dataclass(frozen=True)
class Served:
    """An application that uvicorn's own command serves."""

    serving: Serving
    context: ssl.SSLContext | None = None

    @asynccontextmanager
    async def connect(self, path: str) -> AsyncGenerator[ClientConnection]:
        """Connect as soon as the server says that it is ready."""
        for said in (RUNNING, "Application startup complete"):
            await self.expect_output(said)
        found = re.search(rf"{RUNNING}http(\S+)", self.serving.log())
        assert found is not None
        async with asyncio.timeout(DEADLINE), connect(f"ws{found[1]}{path}", ssl=self.context) as peer:
            yield peer

    async def expect_output(self, text: str) -> None:
        """Wait until the server has printed this text."""
        await asyncio.to_thread(self.serving.expect_output, text)


def by_uvicorn(log: Path, app: str, *options: str) -> Serving:
    """Serve with uvicorn's own command."""
    return Serving.by(log, "uvicorn", app, "--port", "0", *options)


async def end(peer: ClientConnection) -> Close:
    """Wait for the end, and return the server's close."""
    with pytest.raises(ConnectionClosed) as closed:
        await peer.recv()
    frame = closed.value.rcvd
    assert frame is not None
    return Close(frame.code, frame.reason)


@pytest.mark.anyio
class OnUvicorn:
    """Base of one class of tests for each application."""

    app: ClassVar[str]

    @pytest.fixture
    @classmethod
    def anyio_backend(cls) -> str:
        return "asyncio"

    @pytest.fixture(
        scope="class",
        params=product(("asyncio", "uvloop"), ("httptools", "h11"), ("plain", "tls")),
        ids="-".join,
    )
    @classmethod
    def served(
        cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Served]:
        loop, http, security = request.param
        folder = tmp_path_factory.mktemp("uvicorn")
        options, context = encrypted(folder) if security == "tls" else ((), None)
        options = ("--loop", loop, "--http", http, *options)
        with by_uvicorn(folder / "log", cls.app, *NATIVE, *options) as serving:
            yield Served(serving, context)

    @pytest.mark.parametrize("message", ["hello", "", "ré", b"\0bytes", "x" * 100_000], ids=len)
    async def test_echo(self, served: Served, message: str | bytes) -> None:
        async with served.connect("/echo") as peer:
            for each in (message, message):
                await peer.send(each)
                assert await peer.recv() == each

    async def test_the_apps_close(self, served: Served) -> None:
        async with served.connect("/echo") as peer:
            await peer.send("close")
            assert await end(peer) == Close(4001, "as asked")

    async def test_the_peers_close(self, served: Served) -> None:
        async with served.connect("/echo") as peer:
            await peer.close(4002, "ré")
            await served.expect_output("the app saw 4002 ré")
            assert peer.close_code == 4002

    async def test_a_lost_connection(self, served: Served) -> None:
        async with served.connect("/echo") as peer:
            peer.transport.abort()
            await served.expect_output("the app saw 1006")

    async def test_denial(self, served: Served) -> None:
        with pytest.raises(InvalidStatus) as denied:
            async with served.connect("/deny"):
                pass
        assert denied.value.response.status_code == 401
        assert denied.value.response.body == b"a key is needed"

    @pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
    async def test_sigterm(self, tmp_path: Path, loop: str) -> None:
        with by_uvicorn(tmp_path / "log", self.app, *NATIVE, "--loop", loop) as serving:
            served = Served(serving)
            async with served.connect("/echo") as peer:
                serving.terminate()
                assert await end(peer) == Close(1001)
            await served.expect_output("the app saw 1001")
            await asyncio.to_thread(serving.wait, DEADLINE)

    async def test_reload(self, tmp_path: Path) -> None:
        watched = tmp_path / "watched.py"
        watched.touch()
        options = ("--reload", "--reload-dir", str(tmp_path), "--reload-delay", "0.05")
        with by_uvicorn(tmp_path / "log", self.app, *NATIVE, *options) as serving:
            served = Served(serving)
            async with served.connect("/echo") as peer:
                watched.write_text("changed = True")
                assert await end(peer) == Close(1012)
            await served.expect_output("the app saw 1012")


def encrypted(folder: Path) -> tuple[tuple[str, ...], ssl.SSLContext]:
    """Return the options for a certificate of our own, and what a peer needs to trust it."""
    authority = trustme.CA()
    pem = folder / "certificate.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return ("--ssl-certfile", str(pem), "--ssl-keyfile", str(pem)), context
