"""The ends of connections, as their server sees them."""

import asyncio

from anysocket.asgi import ASGIApp, Receive, Scope, Send


class Watched:
    """An app, and for each connection the exception that it raised to the server, or None."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.ends = asyncio.Queue[BaseException | None]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        end: BaseException | None = None
        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            end = error
            raise
        finally:
            if scope["type"] == "websocket":
                self.ends.put_nowait(end)
