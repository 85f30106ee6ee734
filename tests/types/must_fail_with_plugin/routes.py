"""Paths and parameters that registration refuses, but the types alone don't."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from anysocket import Application, Connection, WebSocket, WebSocketRequest


class Chat(Application):
    """Its routes are checked too."""


@dataclass
class Point:
    x: int


app = Application()
chat = Chat()

PATH: Final = "/final/{room}"
later = app.websocket("/later/{room}")


@app.websocket("chat")  # error
async def without_a_slash(ws: Connection[str, str]) -> None: ...


@app.websocket("")  # error
async def empty(ws: Connection[str, str]) -> None: ...


@app.websocket("/chat/{room")  # error
async def open_brace(ws: Connection[str, str], room: str) -> None: ...


@app.websocket("/chat-{room}")  # error
async def not_a_whole_segment(ws: Connection[str, str], room: str) -> None: ...


@app.websocket("/chat/{room:int}")  # error
async def of_another_framework(ws: Connection[str, str], room: int) -> None: ...


@app.websocket(path="/{room}/{room}")  # error
async def twice(ws: Connection[str, str], room: str) -> None: ...


@app.websocket("/chat/{room}")  # error
async def nothing_for_the_path(ws: Connection[str, str]) -> None: ...


@app.websocket("/chat/{room}/{user}")  # error
async def not_enough(ws: Connection[str, str], room: str) -> None: ...


@app.websocket("/chat/{room}")  # error
async def misspelt(ws: Connection[str, str], rooom: str = "") -> None: ...


@app.websocket("/chat/{room}")  # error
async def web_socket(web_socket: WebSocket) -> None: ...


@chat.websocket("/chat/{room}")  # error
async def of_a_derived_class(ws: Connection[str, str]) -> None: ...


@app.websocket(PATH)  # error
async def of_a_constant(ws: Connection[str, str]) -> None: ...


@later  # error
async def of_a_decorator_with_a_name(ws: Connection[str, str]) -> None: ...


@app.websocket("/decimal/{price}")
async def decimal(ws: Connection[str, str], price: Decimal) -> None: ...  # error


@app.websocket("/point")
async def of_a_class(
    ws: Connection[str, str],
    room: str,
    point: Point | None = None,  # error
) -> None: ...


@app.websocket("/bytes")
async def binary(request: WebSocketRequest, key: bytes) -> None: ...  # error


@app.websocket("/either")
async def either(request: WebSocketRequest, key: int | str) -> None: ...  # error


@app.websocket("/none")
async def none(request: WebSocketRequest, key: None) -> None: ...  # error


@app.websocket("/any")
async def anything(request: WebSocketRequest, key: Any) -> None: ...  # noqa: ANN401  # error


@app.websocket("/object")
async def an_object(request: WebSocketRequest, key: object) -> None: ...  # error


@app.websocket("/tuple")
async def a_tuple(request: WebSocketRequest, key: tuple[str, str]) -> None: ...  # error


@app.websocket("/dict")
async def a_dict(request: WebSocketRequest, key: dict[str, str]) -> None: ...  # error


@app.websocket("/many")
async def a_set(request: WebSocketRequest, key: set[str]) -> None: ...  # error


@app.websocket("/lists")
async def lists(request: WebSocketRequest, key: list[list[int]]) -> None: ...  # error


@app.websocket("/gaps")
async def gaps(request: WebSocketRequest, key: list[int | None]) -> None: ...  # error


@app.websocket("/socket")
async def two_sockets(request: WebSocketRequest, ws: WebSocket) -> None: ...  # error


@app.websocket("/some")
async def many_or_one(ws: Connection[str, str], key: list[str] | str) -> None: ...  # error


@app.websocket("/list/{rooms}")
async def list_in_path(ws: Connection[str, str], rooms: list[str]) -> None: ...  # error


@app.websocket("/positional/{room}")  # error
async def positional(ws: Connection[str, str], room: str, /) -> None: ...


@app.websocket("/args/{room}")  # error
async def star(ws: Connection[str, str], room: str, *others: str) -> None: ...


@app.websocket("/kwargs")  # error
async def double_star(ws: Connection[str, str], /, **others: str) -> None: ...


async def handler(ws: Connection[str, str], user: str) -> None: ...


class Handlers:
    async def method(self, ws: Connection[str, str], user: str) -> None: ...

    async def __call__(self, ws: Connection[str, str], user: str) -> None: ...


app.websocket("/chat/{room}")(handler)  # error
app.websocket("chat/{room}")(handler)  # error
app.websocket("/method/{room}")(Handlers().method)  # error
app.websocket("/instance/{room}")(Handlers())  # error
app.websocket("/lines/{room}")(
    handler  # error
)
