"""What may be a handler: anything async that takes a request; the decorator keeps its type."""

from typing import assert_type

from anysocket import Application, Handler, WebSocketRequest

app = Application()


class Greeter:
    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    async def __call__(self, request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        await request.web_socket.send(self.greeting)

    async def greet(self, request: WebSocketRequest, twice: bool = False) -> None:
        await self(request)


greeter: Handler = Greeter("hello")
assert_type(app.websocket("/object")(Greeter("hello")), Greeter)
app.websocket("/method")(Greeter("hello").greet)
app.websocket("/named")(greeter)


@app.websocket("/function")
async def function(request: WebSocketRequest, greeting: str = "hello") -> None:
    await request.web_socket.send(greeting)


async def directly(request: WebSocketRequest) -> None:
    await function(request, greeting="good morning")
