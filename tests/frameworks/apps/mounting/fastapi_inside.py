"""A FastAPI route with a WebSocket of anysocket."""

from fastapi import FastAPI, WebSocket
from fastapi.responses import JSONResponse

from anysocket import Connection, from_asgi
from anysocket_adapters import normalise

pages = FastAPI()
app = normalise(pages)


@pages.websocket("/shout/{user}")
async def shout(theirs: WebSocket, user: str, key: str = "") -> None:
    async with from_asgi(theirs.scope, theirs.receive, theirs.send, Connection[str, str]) as ws:
        if key != "sesame":
            await ws.request.deny(JSONResponse({"error": "no key"}, 401))
            return
        await ws.accept()
        async for message in ws:
            await ws.send(f"{user}: {message.upper()}")
        print(f"{ws.code} {ws.request.reason}")
