"""The limits of serving, as a peer of each server meets them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Unpack
from urllib.parse import urlsplit

import pytest
from tests.servers.raw import OWN_CONNECTIONS, asked, head, response, served
from tests.servers.serving import Serving

from anysocket import Support
from anysocket_adapters import servers
from anysocket_adapters.options import OptionValues
from anysocket_matrix.peer.frames import Opcode, frame_bytes

pytestmark = pytest.mark.anyio

REQUEST = head()[: -len(b"\r\n")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=OWN_CONNECTIONS)
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@asynccontextmanager
async def connected(
    server: str, **values: Unpack[OptionValues]
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with served(server, **values) as port, asked(port, b"") as streams:
        yield streams


async def answer(reader: asyncio.StreamReader) -> bytes:
    """Read a response to its end, and give its first line."""
    line = await asyncio.wait_for(reader.readline(), 5)
    await asyncio.wait_for(reader.read(), 5)
    return line


async def opened(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(REQUEST + b"\r\n")
    assert (await response(reader)).startswith(b"HTTP/1.1 101 ")


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


async def closed(reader: asyncio.StreamReader) -> int:
    """Read a close frame with a short reason, and give its code."""
    first, size, *code = await asyncio.wait_for(reader.readexactly(4), 5)
    assert first == 0x88
    await asyncio.wait_for(reader.readexactly(size - 2), 5)
    return int.from_bytes(code)


@pytest.mark.parametrize("limits", [OptionValues(max_rate=3), OptionValues(max_rate_size=3)])
async def test_too_many_messages_a_second(server: str, limits: OptionValues) -> None:
    async with connected(server, **limits) as (reader, writer):
        await opened(reader, writer)
        for number in range(4):
            writer.write(frame_bytes(Opcode.TEXT, b"a"))
            if number < 3:
                assert await asyncio.wait_for(reader.readexactly(3), 5) == b"\x81\x01a"
        assert await closed(reader) == 1008


async def test_a_silent_peer(server: str) -> None:
    """Pongs are no messages; each message begins the time again."""
    async with connected(server, idle_timeout=0.5, ping_interval=0.1) as (reader, writer):
        await opened(reader, writer)
        begun = asyncio.get_running_loop().time()
        while (await asyncio.wait_for(reader.readexactly(2), 5)) == b"\x89\x00":
            writer.write(frame_bytes(Opcode.PONG, b""))
            if asyncio.get_running_loop().time() - begun < 0.4:
                writer.write(frame_bytes(Opcode.TEXT, b""))
                while await asyncio.wait_for(reader.readexactly(2), 5) != b"\x81\x00":
                    pass
        assert int.from_bytes(await asyncio.wait_for(reader.readexactly(2), 5)) == 1001
        assert asyncio.get_running_loop().time() - begun > 0.6


async def test_an_old_connection(server: str) -> None:
    async with connected(server, max_lifetime=0.5) as (reader, writer):
        await opened(reader, writer)
        async with asyncio.timeout(5):
            while not await has_closed(reader):
                writer.write(frame_bytes(Opcode.TEXT, b"a"))


async def has_closed(reader: asyncio.StreamReader) -> bool:
    """Read what is there: echoes of one byte, or a close with 1001."""
    try:
        first = await asyncio.wait_for(reader.readexactly(3), 0.05)
    except TimeoutError:
        return False
    if first == b"\x81\x01a":
        return False
    assert first[0] == 0x88
    code = first[2:] + await asyncio.wait_for(reader.readexactly(1), 5)
    assert int.from_bytes(code) == 1001
    return True


INSTALLED = [server.name for server in servers().values() if server.version is not None]


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize(
    "limits",
    [OptionValues(max_connections=1), OptionValues(max_connections_per_address=1)],
    ids=["all", "address"],
)
async def test_too_many_connections(tmp_path: Path, name: str, limits: OptionValues) -> None:
    """On every server; the place of one that has left is free."""
    has_headers = servers()[name].transport.declared.denial_response is not Support.ABSENT
    options = [f"--{key.replace('_', '-')}={value}" for key, value in limits.items()]
    target = "tests.servers.apps:app"
    with Serving(tmp_path / "log", target, "--server", name, "--port", "0", *options) as serving:
        port = urlsplit(serving.url).port
        assert port is not None
        async with asked(port, head()) as (first, _):
            assert (await response(first)).startswith(b"HTTP/1.1 101 ")
            async with asked(port, head()) as (second, _):
                refused = await response(second)
                assert refused.startswith(b"HTTP/1.1 503 ")
                assert (b"retry-after: 5\r\n" in refused.lower()) == has_headers
        async with asyncio.timeout(5):
            while not await is_admitted(port):
                pass  # the server hasn't noticed yet that one has left


async def is_admitted(port: int) -> bool:
    async with asked(port, head()) as (reader, _):
        return (await response(reader)).startswith(b"HTTP/1.1 101 ")
