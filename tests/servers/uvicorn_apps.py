"""The apps of `test_uvicorn_native`: one of anysocket's, and one that uses no framework."""

from anysocket import Application, WebSocketRequest
from anysocket.asgi import Receive, Scope, Send

app = Application()


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    """Send everything back, close when asked to, and print the end."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        if message == "close":
            await ws.close(4001, "as asked")
        else:
            await ws.send(message)
    print("the app saw", ws.code, request.reason, flush=True)


@app.websocket("/deny")
async def deny(request: WebSocketRequest) -> None:
    """Deny with a body."""
    await request.deny(401, body="a key is needed")


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """Do the same with ASGI's events."""
    if scope["type"] != "websocket":
        raise ValueError(f"nothing here for {scope['type']}")
    await receive()
    if scope["path"] == "/deny":
        await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"a key is needed"})
        return
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        if event.get("text") == "close":
            await send({"type": "websocket.close", "code": 4001, "reason": "as asked"})
        else:
            await send({**event, "type": "websocket.send"})
    print("the app saw", event["code"], event["reason"], flush=True)
