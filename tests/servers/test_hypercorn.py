"""hypercorn with connections of our own: the first request decides which of the two serves it.

HTTP/2, by ALPN and by prior knowledge, is in `test_peer`.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast
from urllib.parse import urlsplit

import pytest
from tests.servers.client import connect
from websockets.exceptions import ConnectionClosed

from anysocket.asgi import Receive, Scope, Send
from anysocket_adapters import Options, running
from anysocket_adapters.hypercorn import native, worker
from anysocket_protocol.settings import Limits, Settings

DEADLINE = 10

POST = b"POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
GET = b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

OURS = "HypercornConnection"
HYPERCORNS = "WSStream"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Say which class serves a WebSocket, and what an HTTP request was."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": type(getattr(send, "__self__", None)).__name__})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    elif scope["type"] == "http":
        size, more = 0, True
        while more:
            event = await receive()
            size += len(cast("bytes", event.get("body", b"")))
            more = bool(event.get("more_body", False))
        body = f"{scope['method']} {scope['path']} {size}".encode()
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})


class Raw:
    """A peer that writes bytes."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Send each piece in a packet of its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.001)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> bytes:
        """Receive the body of a response."""
        head = (await self.head()).lower()
        return await self.reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))

    async def text(self) -> str:
        """Receive the first message of a WebSocket, behind the response that opens it."""
        assert (await self.head()).startswith(b"HTTP/1.1 101 ")
        first, size = await self.reader.readexactly(2)
        assert first == 0x81
        return (await self.reader.readexactly(size)).decode()


@asynccontextmanager
async def peer(url: str) -> AsyncGenerator[Raw, None]:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        async with asyncio.timeout(DEADLINE):
            yield Raw(reader, writer)
    finally:
        writer.close()


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


@pytest.mark.anyio
@pytest.mark.parametrize("pieces", [[UPGRADE], byte_by_byte(UPGRADE)], ids=["whole", "byte by byte"])
async def test_a_websocket_is_ours(pieces: list[bytes]) -> None:
    async with running(app, "hypercorn") as url, peer(url) as raw:
        await raw.send(*pieces)
        assert await raw.text() == OURS


@pytest.mark.anyio
@pytest.mark.parametrize("pieces", [[GET], byte_by_byte(GET)], ids=["whole", "byte by byte"])
async def test_a_page_is_hypercorns_and_so_is_the_websocket_behind_it(pieces: list[bytes]) -> None:
    async with running(app, "hypercorn") as url, peer(url) as raw:
        await raw.send(*pieces)
        assert await raw.answer() == b"GET /page 0"
        await raw.send(UPGRADE)
        assert await raw.text() == HYPERCORNS


@pytest.mark.anyio
@pytest.mark.parametrize("sizes", [(10,), (4, 6), (0, 10)])
async def test_a_body_behind_the_head_is_handed_over(sizes: tuple[int, ...]) -> None:
    first, *more = (b"x" * size for size in sizes)
    async with running(app, "hypercorn") as url, peer(url) as raw:
        await raw.send(POST + first, *more)
        assert await raw.answer() == b"POST /form 10"


@pytest.mark.anyio
async def test_the_end_of_the_peers_side_is_handed_over() -> None:
    async with running(app, "hypercorn") as url, peer(url) as raw:
        raw.writer.write(POST + b"x" * 10)
        raw.writer.write_eof()
        assert await raw.answer() == b"POST /form 10"
        assert await raw.reader.read() == b""


@pytest.mark.anyio
async def test_a_head_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(*arguments: object) -> Settings:
        return replace(Settings(), limits=Limits(handshake_timeout=0.2))

    monkeypatch.setattr(worker, "settings", impatient)
    async with running(app, "hypercorn") as url, peer(url) as raw:
        await raw.send(UPGRADE[:-2])
        assert (await raw.head()).startswith(b"HTTP/1.1 408 ")
        await raw.reader.read()  # up to the end


@pytest.mark.anyio
async def test_another_version_is_refused_with_ours() -> None:
    async with running(app, "hypercorn") as url, peer(url) as raw:
        await raw.send(UPGRADE.replace(b"Version: 13", b"Version: 12"))
        head = (await raw.head()).lower()
        assert head.startswith(b"http/1.1 426 ")
        assert b"\r\nsec-websocket-version: 13\r\n" in head
        assert b"\r\nserver: hypercorn-h11\r\n" in head


@pytest.mark.anyio
async def test_a_plain_application_is_shut_down_without_waiting_for_its_grace() -> None:
    async with asyncio.timeout(DEADLINE), running(app, "hypercorn", graceful_timeout=60.0) as url:
        client = await connect(f"{url}/chat")
        assert await client.recv() == OURS
        receiving = asyncio.ensure_future(client.recv())
        await asyncio.sleep(0)
    with pytest.raises(ConnectionClosed) as closed:
        await receiving
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


@pytest.mark.anyio
async def test_the_access_log(capfd: pytest.CaptureFixture[str]) -> None:
    async with running(app, "hypercorn", access_log=True, log_level="info") as url, peer(url) as raw:
        await raw.send(UPGRADE)
        await raw.text()
    assert '"GET /chat 1.1" 101' in "".join(capfd.readouterr())


def test_options() -> None:
    from hypercorn.config import Config

    config = Config()
    config.root_path = "/api"
    options = Options(max_message_size=99, compression=False, ping_interval=3, ping_timeout=4)
    found = native.settings(config, options)
    assert found == Settings(
        limits=Limits(max_message_size=99),
        root_path="/api",
        compression=False,
        ping_interval=3,
        ping_timeout=4,
    )
    assert native.settings(config, Options(ping_interval=0)).ping_interval is None
