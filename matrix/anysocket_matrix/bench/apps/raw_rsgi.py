"""The app in raw RSGI for granian, written by hand."""

import gc
import json
from collections.abc import Awaitable
from contextlib import suppress
from typing import Protocol, cast

import msgspec

from anysocket_adapters.granian.rsgi import GONE, RSGIScope, RSGIWebSocket


class _Message(Protocol):
    """A received message; kind 0 is the end, and has no data."""

    kind: int
    data: str | bytes


class _Socket(Protocol):
    def receive(self) -> Awaitable[_Message]: ...

    def send_str(self, data: str) -> Awaitable[None]: ...

    def send_bytes(self, data: bytes) -> Awaitable[None]: ...


_members: set[_Socket] = set()


class RawRSGI:
    """Serves a connection by its path."""

    async def __rsgi__(self, scope: RSGIScope, protocol: RSGIWebSocket) -> None:
        """Serve a connection."""
        path = scope.path
        if path == "/collect":
            gc.collect()
        # The adapters' own type requires a check of `kind` first, which nothing here does.
        socket = cast("_Socket", await protocol.accept())
        with suppress(*GONE):
            if path.startswith("/connect/"):
                int(path.removeprefix("/connect/"))
            elif path == "/echo":
                await _echo(socket)
            elif path == "/push":
                await _push(socket)
            elif path == "/json":
                await _json(socket)
            elif path == "/msgpack":
                await _msgpack(socket)
            elif path == "/broadcast":
                await _broadcast(socket)
        await self._close(protocol, socket)

    async def _close(self, protocol: RSGIWebSocket, socket: _Socket) -> None:
        protocol.close()


class ToTheEnd(RawRSGI):
    """The same app, but it reads until the peer's close frame: else the peer may lose earlier messages."""

    async def _close(self, protocol: RSGIWebSocket, socket: _Socket) -> None:
        protocol.close()
        with suppress(*GONE):
            while (await socket.receive()).kind:
                pass


async def _echo(socket: _Socket) -> None:
    while (message := await socket.receive()).kind:
        if isinstance(message.data, str):
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)


async def _push(socket: _Socket) -> None:
    while (message := await socket.receive()).kind:
        for _ in range(int(message.data)):
            await socket.send_str("x" * 32)


async def _json(socket: _Socket) -> None:
    while (message := await socket.receive()).kind:
        said = json.loads(message.data)
        await socket.send_str(json.dumps({"user": said["user"], "text": said["text"]}))


async def _msgpack(socket: _Socket) -> None:
    while (message := await socket.receive()).kind:
        said = msgspec.msgpack.decode(cast("bytes", message.data))
        answer = {"user": said["user"], "text": said["text"]}
        await socket.send_bytes(msgspec.msgpack.encode(answer))


async def _broadcast(socket: _Socket) -> None:
    _members.add(socket)
    try:
        await socket.send_str("joined")
        while (message := await socket.receive()).kind:
            for member in tuple(_members):
                await member.send_str(cast("str", message.data))
    finally:
        _members.remove(socket)


app: RawRSGI = RawRSGI()
to_the_end: RawRSGI = ToTheEnd()
