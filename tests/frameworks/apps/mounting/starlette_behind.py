"""anysocket outside, Starlette inside for http requests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from anysocket import Application, WebSocketRequest


@asynccontextmanager
async def lifespan(pages: Starlette) -> AsyncGenerator[None, None]:
    print("the pages begin")
    yield
    print("the pages end")


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body() or "a page")


pages = Starlette(lifespan=lifespan, routes=[Route("/page", page, methods=["GET", "POST"])])
app = Application(http=pages)


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
