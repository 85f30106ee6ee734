"""Starlette outside, anysocket mounted below /ws."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from anysocket_adapters import normalise

from .sockets import lifespan, sockets


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("a page")


pages = Starlette(lifespan=lambda pages: lifespan(), routes=[Route("/page", page), Mount("/ws", sockets)])
app = normalise(pages)
