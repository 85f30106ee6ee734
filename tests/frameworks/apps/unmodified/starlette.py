"""Starlette's own application, without normalise."""

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"], message.get("reason"))
            if message.get("text") == "close":
                await websocket.close(4001, "as asked")
            else:
                await websocket.send({**message, "type": "websocket.send"})
    except WebSocketDisconnect as end:
        print("the app saw", end.code, end.reason, flush=True)


async def deny(websocket: WebSocket) -> None:
    await websocket.send_denial_response(PlainTextResponse("a key is needed", 401))


app = Starlette(routes=[WebSocketRoute("/echo", echo), WebSocketRoute("/deny", deny)])
