"""anysocket outside, BlackSheep inside for http requests."""

from collections.abc import AsyncGenerator

from blacksheep import Application as BlackSheep
from blacksheep import Request, Router

from anysocket import Application, WebSocketRequest

pages = BlackSheep(router=Router())


@pages.lifespan
async def lifespan() -> AsyncGenerator[None, None]:
    print("the pages begin")
    yield
    print("the pages end")


@pages.router.route("/page", methods=["GET", "POST"])
async def page(request: Request) -> str:
    return await request.text() or "a page"


app = Application(http=pages)


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
