"""anysocket outside, Django inside for http requests. Django has no lifespan of its own."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from django.core.asgi import get_asgi_application

from anysocket import Application, WebSocketRequest

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.frameworks.apps.django_settings"


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    print("the pages begin")
    yield
    print("the pages end")


app = Application(lifespan=lifespan, http=get_asgi_application())


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
