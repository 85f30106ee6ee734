"""anysocket outside, Litestar inside for http requests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar import Litestar, MediaType, Request, route

from anysocket import Application, WebSocketRequest


@asynccontextmanager
async def lifespan(pages: Litestar) -> AsyncGenerator[None, None]:
    print("the pages begin")
    yield
    print("the pages end")


@route("/page", http_method=["GET", "POST"], media_type=MediaType.TEXT, status_code=200)
async def page(request: Request) -> bytes:
    return await request.body() or b"a page"


pages = Litestar([page], lifespan=[lifespan])
app = Application(http=pages)


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
