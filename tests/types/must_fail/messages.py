"""A connection's messages have the types that its annotation names."""

from dataclasses import dataclass
from typing import assert_never

from anysocket import BadMessage, Connection


@dataclass
class Join:
    room: str


@dataclass
class Say:
    text: str


@dataclass
class Said:
    by: str
    text: str


async def sends(ws: Connection[Join | Say, Said], texts: Connection[str, str]) -> None:
    await ws.send("hello")  # error
    await ws.send({"by": "ada", "text": "hello"})  # error
    await ws.send(Say("hello"))  # error
    await ws.send(Said)  # error
    await ws.send(None)  # error
    await texts.send(b"hello")  # error
    await texts.send(Said("ada", "hello"))  # error
    await ws.send(await ws.receive())  # error


async def receives(ws: Connection[Join | Say, Said], texts: Connection[str, str]) -> str:
    message = await ws.receive()
    print(message.text)  # error
    print(message["text"])  # error
    if isinstance(message, Join):
        print(message.text)  # error
    said: Said = await ws.receive()  # error
    print(said)
    async for each in ws:
        print(each.room)  # error
    async for text in texts:
        text.decode()  # error
    for _ in texts:  # error
        pass
    await texts.receive(timeout="5")  # error
    await texts.receive(None, 5)  # error
    return await ws.receive()  # error


async def matches(ws: Connection[Join | Say, Said]) -> None:
    match await ws.receive():
        case Join():
            pass
        case unhandled:
            assert_never(unhandled)  # error


async def narrows(ws: Connection[Join | Say | BadMessage, Said]) -> None:
    message = await ws.receive()
    if isinstance(message, Join):
        print(message.room)
    elif isinstance(message, Say):
        print(message.text)
    else:
        assert_never(message)  # error


async def forgets_bad_messages(ws: Connection[Join | BadMessage, Said]) -> None:
    async for message in ws:
        print(message.room)  # error


def one_type(ws: Connection[str]) -> None: ...  # error


def three_types(ws: Connection[str, str, str]) -> None: ...  # error


async def forgets_to_await(ws: Connection[str, str]) -> None:
    ws.send("hello")  # error
    ws.receive().upper()  # error
    ws.accept()  # error
    ws.close()  # error
    with ws:  # error
        pass


async def speaks_for_another(ws: Connection[str, str]) -> None:
    await sends(ws, ws)  # error
