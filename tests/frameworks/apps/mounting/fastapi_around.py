"""FastAPI outside, anysocket mounted below /ws."""

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from anysocket_adapters import normalise

from .sockets import lifespan, sockets

pages = FastAPI(lifespan=lambda pages: lifespan())


@pages.get("/page", response_class=PlainTextResponse)
async def page() -> str:
    return "a page"


pages.mount("/ws", sockets)
app = normalise(pages)
