"""BlackSheep outside, anysocket mounted below /ws."""

from collections.abc import AsyncGenerator

from blacksheep import Application, Router

from .sockets import lifespan, sockets

app = Application(router=Router())


@app.lifespan
async def sockets_lifespan() -> AsyncGenerator[None, None]:
    async with lifespan():
        yield


@app.router.get("/page")
async def page() -> str:
    return "a page"


app.mount("/ws", sockets)
