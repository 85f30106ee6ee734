"""Functions that can be handlers: any async callable with a request; its route is called like it."""

from collections.abc import Awaitable, Callable
from typing import assert_type

from anysocket import Application, Route, WebSocketRequest

app = Application()


class Greeter:
    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    async def __call__(self, request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await request.web_socket.send(self.greeting)

    async def greet(self, request: WebSocketRequest, twice: bool = False) -> None:
        await self(request)


greeter: Callable[[WebSocketRequest], Awaitable[None]] = Greeter("hello")
assert_type(app.websocket("/object")(Greeter("hello")), Route[WebSocketRequest, []])
app.websocket("/method")(Greeter("hello").greet)
app.websocket("/named")(greeter)


@app.websocket("/function")
async def function(request: WebSocketRequest, greeting: str = "hello") -> None:
    await request.web_socket.send(greeting)


async def directly(request: WebSocketRequest) -> None:
    await function(request, greeting="good morning")
