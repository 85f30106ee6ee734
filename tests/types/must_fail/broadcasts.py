"""A broadcast's message must be one that each of the connections sends."""

from collections.abc import Iterable

from anysocket import Connection, WebSocket, broadcast


async def to_connections(listeners: set[Connection[str, int]], others: list[Connection[bytes, str]]) -> None:
    await broadcast(listeners, 1)
    await broadcast(listeners, "1")  # error
    await broadcast(listeners, None)  # error
    await broadcast(others, "1")
    await broadcast(others, b"1")  # error
    await broadcast(1, "1")  # error
    await broadcast(listeners)  # error
    for listener in listeners:
        await broadcast(listener, 1)  # error


async def to_web_sockets(members: Iterable[WebSocket]) -> None:
    await broadcast(members, "a")
    await broadcast(members, memoryview(b"a"))
    await broadcast(members, 1)  # error
    await broadcast(members, {"a": 1})  # error
    (await broadcast(members, "a")).upper()  # error
