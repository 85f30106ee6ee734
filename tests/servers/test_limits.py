"""The limits of anysocket's own connection, as a peer of each server meets them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Unpack
from urllib.parse import urlsplit

import pytest

from anysocket import Application, WebSocketRequest
from anysocket_adapters import running, servers
from anysocket_adapters.options import OptionValues
from anysocket_matrix.peer.frames import Opcode, frame_bytes

pytestmark = pytest.mark.anyio

KEEPING = [server.name for server in servers().values() if server.keeps_limits]

REQUEST = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=KEEPING)
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def app() -> Application:
    application = Application()

    @application.websocket("/echo")
    async def echo(request: WebSocketRequest) -> None:
        ws = request.web_socket
        await ws.accept()
        while (message := await ws.receive()) is not None:
            await ws.send(message)

    return application


@asynccontextmanager
async def connected(
    server: str, **values: Unpack[OptionValues]
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with running(app(), server, **values) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """Read a response to its end, and give its first line."""
    line = await asyncio.wait_for(reader.readline(), 5)
    await asyncio.wait_for(reader.read(), 5)
    return line


async def opened(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(REQUEST + b"\r\n")
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).startswith(b"HTTP/1.1 101 ")


async def test_a_request_that_does_not_come(server: str) -> None:
    async with connected(server, handshake_timeout=0.2) as (reader, writer):
        writer.write(REQUEST)
        assert (await answer(reader)).startswith(b"HTTP/1.1 408 ")


async def test_the_timeout_is_for_the_request_alone(server: str) -> None:
    async with connected(server, handshake_timeout=0.2) as (reader, writer):
        await opened(reader, writer)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.5)
        writer.write(frame_bytes(Opcode.TEXT, b"a"))
        assert await asyncio.wait_for(reader.readexactly(3), 5) == b"\x81\x01a"


@pytest.mark.parametrize("end", [b"", b"\r\n"], ids=["incomplete", "complete"])
async def test_a_request_that_is_too_large(server: str, end: bytes) -> None:
    async with connected(server, max_header_size=1000) as (reader, writer):
        writer.write(REQUEST + b"Cookie: " + b"x" * 1000 + b"\r\n" + end)
        assert (await answer(reader)).startswith(b"HTTP/1.1 431 ")


async def test_too_many_header_lines(server: str) -> None:
    async with connected(server, max_header_lines=10) as (reader, writer):
        writer.write(REQUEST + b"x: y\r\n" * 10 + b"\r\n")
        assert (await answer(reader)).startswith(b"HTTP/1.1 431 ")


async def test_too_many_frames(server: str) -> None:
    async with connected(server, max_frames=3) as (reader, writer):
        await opened(reader, writer)
        for number in range(4):
            kind = Opcode.CONTINUATION if number else Opcode.TEXT
            writer.write(frame_bytes(kind, b"a", fin=False))
        close = await asyncio.wait_for(reader.readexactly(4), 5)
        assert close[:1] == b"\x88"
        assert int.from_bytes(close[2:]) == 1009


async def test_too_large_a_message(server: str) -> None:
    async with connected(server, max_message_size=10) as (reader, writer):
        await opened(reader, writer)
        writer.write(frame_bytes(Opcode.TEXT, b"x" * 11))
        close = await asyncio.wait_for(reader.readexactly(4), 5)
        assert int.from_bytes(close[2:]) == 1009
