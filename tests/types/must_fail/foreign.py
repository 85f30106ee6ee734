"""A connection in another framework's route."""

from anysocket import Connection, WebSocket, WebSocketRequest, from_asgi
from anysocket.asgi import Receive, Scope, Send


async def foreign(scope: Scope, receive: Receive, send: Send) -> None:
    async with from_asgi(scope, receive, send, str) as _:  # error
        pass
    async with from_asgi(scope, receive, send, "Connection[str, str]"):  # error
        pass
    async with from_asgi(scope, receive):  # error
        pass
    async with from_asgi(scope, receive, send, Connection[str, str], codec="json"):  # error
        pass
    with from_asgi(scope, receive, send):  # error
        pass
    await from_asgi(scope, receive, send)  # error
    async with from_asgi(scope, receive, send, Connection[str, str]) as ws:
        await ws.send(b"hello")  # error
        await ws.close(4003)  # error
        (await ws.receive()).decode()  # error
    async with from_asgi(scope, receive, send) as request:
        await request.send("hello")  # error
    async with from_asgi(scope, receive, send, WebSocket) as web_socket:
        await web_socket.deny(401)  # error
    async with from_asgi(scope, receive, send, WebSocketRequest) as same:
        same.web_socket.close()  # error
