"""anysocket outside, FastAPI inside for http requests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from anysocket import Application, WebSocketRequest


@asynccontextmanager
async def lifespan(pages: FastAPI) -> AsyncGenerator[None, None]:
    print("the pages begin")
    yield
    print("the pages end")


pages = FastAPI(lifespan=lifespan)


@pages.api_route("/page", methods=["GET", "POST"], response_class=PlainTextResponse)
async def page(request: Request) -> bytes:
    return await request.body() or b"a page"


app = Application(http=pages)


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
