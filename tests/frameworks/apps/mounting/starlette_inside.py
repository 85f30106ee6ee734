"""A Starlette route with a WebSocket of anysocket."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from anysocket import Connection, from_asgi
from anysocket_adapters import normalise


async def shout(theirs: WebSocket) -> None:
    async with from_asgi(theirs.scope, theirs.receive, theirs.send, Connection[str, str]) as ws:
        if ws.request.query.get("key") != "sesame":
            await ws.request.deny(JSONResponse({"error": "no key"}, 401))
            return
        await ws.accept()
        async for message in ws:
            await ws.send(f"{ws.request.path_params['user']}: {message.upper()}")
        print(f"{ws.code} {ws.request.reason}")


app = normalise(Starlette(routes=[WebSocketRoute("/shout/{user}", shout)]))
