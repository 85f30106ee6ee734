"""Litestar outside, anysocket mounted below /ws."""

from litestar import Litestar, MediaType, asgi, get
from litestar.types import Receive, Scope, Send

from anysocket_adapters import normalise

from .sockets import lifespan, sockets


@get("/page", media_type=MediaType.TEXT)
async def page() -> str:
    return "a page"


@asgi("/ws", is_mount=True, copy_scope=True)
async def mount(scope: Scope, receive: Receive, send: Send) -> None:
    # Litestar removes the prefix from the path, appends a slash, and leaves root_path as it is.
    scope["root_path"] += "/ws"
    scope["path"] = scope["root_path"] + scope["path"].removesuffix("/")
    await sockets(scope, receive, send)


pages = Litestar([page, mount], lifespan=[lambda pages: lifespan()])
app = normalise(pages)
