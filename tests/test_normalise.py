"""ASGI applications in `normalise`, in memory; the matrix tests the same on the servers."""

from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from anysocket import Close
from anysocket.adapter import Denial, Handshake
from anysocket.asgi import ASGIEvent, Receive, Scope, Send
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport
from anysocket_adapters import normalise

pytestmark = pytest.mark.anyio

ACCEPT: ASGIEvent = {"type": "websocket.accept"}


async def run(
    transport: MemoryTransport,
    app: Callable[[Scope, Receive, Send], Awaitable[None]],
    test: Callable[[MemoryPeer], Awaitable[None]],
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(normalise(app).handle, transport)
        await test(transport.peer)


@pytest.mark.parametrize("pause", [0, 1, 2, 5])
async def test_a_task_receives_while_another_accepts(transport: MemoryTransport, pause: int) -> None:
    """Quart does this. Whichever of the two comes first, the reader gets the messages."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def read() -> None:
            while (event := await receive())["type"] != "websocket.disconnect":
                if event["type"] == "websocket.receive":
                    await send({"type": "websocket.send", "text": event["text"]})

        async def accept() -> None:
            for _ in range(pause):
                await anyio.lowlevel.checkpoint()
            await send(ACCEPT)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(accept)

    async def test(peer: MemoryPeer) -> None:
        assert await peer.receive() == Accepted(None, [])
        await peer.send("hello")
        assert await peer.receive() == "hello"
        await peer.close()

    await run(transport, app, test)


@pytest.mark.parametrize(
    ("root_path", "raw_path", "path"),
    [
        ("", b"/caf%C3%A9", "/café"),
        ("/api", b"/caf%C3%A9", "/api/café"),
        ("/api", b"/", "/api/"),
        ("/api", b"/api/chat", "/api/chat"),  # a proxy that leaves the root path where it is
        ("/api", b"/api", "/api"),
        ("/api", b"/apis", "/api/apis"),
    ],
)
async def test_the_path_has_the_root_path_once(root_path: str, raw_path: bytes, path: str) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await send({"type": "websocket.close"})

    async def test(peer: MemoryPeer) -> None:
        assert isinstance(await peer.receive(), Denial)

    await run(MemoryTransport(Handshake(root_path=root_path, raw_path=raw_path)), app, test)
    (scope,) = scopes
    assert (scope["root_path"], scope["path"], scope["raw_path"]) == (root_path, path, raw_path)


class Slow(MemoryTransport):
    async def close(self, close: Close, /) -> None:
        await anyio.wait_all_tasks_blocked()
        await super().close(close)


async def test_a_task_that_learns_of_the_end_cancels_the_one_that_closes() -> None:
    """Quart does this, and the close is still sent."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        async with anyio.create_task_group() as tasks:

            async def read() -> None:
                assert (await receive())["type"] == "websocket.disconnect"
                tasks.cancel_scope.cancel()

            tasks.start_soon(read)
            await send({"type": "websocket.close", "code": 4001})

    async def test(peer: MemoryPeer) -> None:
        await peer.receive()
        assert await peer.receive() == Close(4001)

    await run(Slow(), app, test)


@pytest.mark.parametrize("code", [None, 403, 1006, 4401])
async def test_close_before_accept_is_a_403_whatever_its_code(
    transport: MemoryTransport, code: int | None
) -> None:
    """Bocadillo's reject has the code 403, which isn't a valid close code."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.close", "code": code})

    async def test(peer: MemoryPeer) -> None:
        denial = await peer.receive()
        assert isinstance(denial, Denial)
        assert denial.status == 403

    await run(transport, app, test)


async def test_an_empty_binary_message_looks_like_one_to_everybody(transport: MemoryTransport) -> None:
    """bareASGI and Quart skip empty bytes and then read a text, which isn't there."""
    events: list[ASGIEvent] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        events.append(await receive())

    async def test(peer: MemoryPeer) -> None:
        await peer.receive()
        await peer.send(b"")
        assert await peer.receive() == Close(1000)

    await run(transport, app, test)
    (event,) = events
    assert event == {"type": "websocket.receive", "bytes": b""}
    assert event.get("text") is None
    assert (event.get("bytes") or event["text"]) == b""
    with pytest.raises(KeyError):
        event["code"]


async def test_origins() -> None:
    """The application isn't called for a page that may not connect."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)

    page = [(b"host", b"example.com"), (b"origin", b"https://evil.example")]
    transport = MemoryTransport(Handshake(headers=page))
    await normalise(app, origins=None).handle(transport)
    refusal = await transport.peer.receive()
    assert isinstance(refusal, Denial)
    assert refusal.status == 403
