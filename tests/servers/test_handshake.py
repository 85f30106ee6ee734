"""The request that opens a WebSocket, as anysocket's own connection reads it on each server (contract H1)."""

import asyncio

import pytest
from tests.servers.raw import (
    CONNECTION,
    HOST,
    KEY,
    OWN_CONNECTIONS,
    UPGRADE,
    VERSION,
    asked,
    head,
    response,
    served,
)

from anysocket_matrix.peer.frames import Opcode, frame_bytes

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=OWN_CONNECTIONS)
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


REFUSED = {
    "another method": (405, head(first="POST /echo HTTP/1.1")),
    "HTTP/1.0": (400, head(first="GET /echo HTTP/1.0")),
    "no host": (400, head(without=HOST)),
    "two hosts": (400, head("Host: b")),
    "no key": (400, head(without=KEY)),
    "a key of another length": (400, head("Sec-WebSocket-Key: YWJj", without=KEY)),
    "two keys": (400, head(KEY)),
    "a body": (400, head("Content-Length: 5") + b"hello"),
    "a chunked body": (400, head("Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    "another version": (426, head("Sec-WebSocket-Version: 12", without=VERSION)),
    "no version": (426, head(without=VERSION)),
    "a request behind": (
        426,
        head("Sec-WebSocket-Version: 12", without=VERSION) + b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    "a control character": (400, head("X-A: a\x0bb")),
    "a separator": (400, head("X-A: a\x1cb")),
    "a folded line": (400, head("X-A: a\r\n b")),
    "a subprotocol beyond ASCII": (400, head("Sec-WebSocket-Protocol: \xe9, a")),
    "two origins": (403, head("Origin: http://evil", "Origin: http://a")),
    "an empty origin": (403, head("Origin:")),
    "300 lines": (431, head(*["X-A: a"] * 300)),
}

OPENED = {
    "Connection in two lines": head("Connection: keep-alive", CONNECTION, without=CONNECTION),
    "Upgrade is a list": head("Upgrade: h2c, WebSocket", without=UPGRADE),
    "spaces behind a value": head("Upgrade: websocket  ", without=UPGRADE),
    "no subprotocols": head("Sec-WebSocket-Protocol: "),
    "no extensions": head("Sec-WebSocket-Extensions:"),
    "absolute form": head(first="GET http://a/echo HTTP/1.1"),
    "absolute form of a WebSocket": head(first="GET ws://a/echo HTTP/1.1"),
    "empty lines before it": b"\r\n\r\n" + head(),
    "a body of nothing": head("Content-Length: 0"),
    "a character of ISO-8859-1": head("X-A: a\x85b"),
    "48 KB of cookies": head(*["Cookie: " + "a" * 4000] * 12),
    "a token of 20 KB in the query": head(first=f"GET /echo?token={'a' * 20_000} HTTP/1.1"),
    "200 lines": head(*["X-A: a"] * 200),
    "60 KB of quotes": head("Sec-WebSocket-Extensions: permessage-deflate; a=" + '"' * 60_000),
    "60 KB of spaces": head("Sec-WebSocket-Protocol: a" + " " * 60_000 + "b"),
}


async def test_requests_that_are_refused(server: str) -> None:
    """Nothing follows the answer, so that nothing behind a refused request is taken for another one."""
    seen = dict[str, int]()
    async with served(server) as port:
        for name, (_, data) in REFUSED.items():
            async with asked(port, data) as (reader, _):
                answer = await asyncio.wait_for(reader.read(), 5)
                assert answer.count(b"HTTP/1.1 ") == 1, name
                assert (b"sec-websocket-version: 13" in answer) == name.endswith(("version", "behind")), name
                seen[name] = int(answer.split()[1])
    assert seen == {name: status for name, (status, _) in REFUSED.items()}


async def test_requests_that_open(server: str) -> None:
    seen = dict[str, bytes]()
    async with served(server) as port:
        for name, data in OPENED.items():
            async with asked(port, data + frame_bytes(Opcode.TEXT, b"early")) as (reader, _):
                seen[name] = (await response(reader)).split()[1]
                assert await asyncio.wait_for(reader.readexactly(7), 5) == b"\x81\x05early", name
    assert seen == dict.fromkeys(OPENED, b"101")


@pytest.mark.parametrize(
    ("behind", "answer"),
    [
        (frame_bytes(Opcode.TEXT, b"a", masked=False), b"\x88" + (1002).to_bytes(2)),
        (frame_bytes(Opcode.TEXT, b"\xff"), b"\x88" + (1007).to_bytes(2)),
        (frame_bytes(Opcode.CLOSE, (1005).to_bytes(2)), b"\x88" + (1002).to_bytes(2)),
        (frame_bytes(Opcode.PING, b"a"), b"\x8a\x01a"),
        (
            frame_bytes(Opcode.TEXT, b"a") + frame_bytes(Opcode.CLOSE, (1000).to_bytes(2)),
            b"\x81\x01a\x88\x02\x03\xe8",
        ),
    ],
    ids=["unmasked", "no UTF-8", "a reserved code", "a ping", "a message and a close"],
)
async def test_frames_in_the_packet_of_the_request(server: str, behind: bytes, answer: bytes) -> None:
    """They are answered behind the response, as later ones."""
    async with served(server) as port, asked(port, head() + behind) as (reader, _):
        assert (await response(reader)).startswith(b"HTTP/1.1 101 ")
        seen = await asyncio.wait_for(reader.readexactly(len(answer)), 5)
        if answer[0] == 0x88:  # the code is behind the length
            seen += await asyncio.wait_for(reader.readexactly(1), 5)
            seen = seen[:1] + seen[2:4]
        assert seen == answer
