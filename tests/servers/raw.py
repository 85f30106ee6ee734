"""Requests as bytes, to a server that runs in the test's own event loop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Unpack
from urllib.parse import urlsplit

from tests.servers.apps import app

from anysocket_adapters import running, servers
from anysocket_adapters.options import OptionValues

OWN_CONNECTIONS = [server.name for server in servers().values() if server.keeps_limits]
"""The servers with anysocket's own connection."""

HOST = "Host: a"
UPGRADE = "Upgrade: websocket"
CONNECTION = "Connection: Upgrade"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
VERSION = "Sec-WebSocket-Version: 13"
LINES = (HOST, UPGRADE, CONNECTION, KEY, VERSION)


def head(*more: str, first: str = "GET /echo HTTP/1.1", without: str = "") -> bytes:
    """Write a request with these lines more, and with other lines in place of one."""
    lines = [each for each in LINES if each != without]
    return "\r\n".join([first, *lines, *more, "", ""]).encode("latin-1")


@asynccontextmanager
async def served(server: str, **values: Unpack[OptionValues]) -> AsyncGenerator[int]:
    """Serve, and give the port."""
    async with running(app, server, **values) as url:
        port = urlsplit(url).port
        assert port is not None
        yield port


@asynccontextmanager
async def asked(port: int, data: bytes) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect, and send something; leave without a close frame."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def response(reader: asyncio.StreamReader) -> bytes:
    """Read the head of a response."""
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
