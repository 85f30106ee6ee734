"""An app as granian serves it over RSGI: its WebSockets on a transport of their own, HTTP through ASGI."""

import asyncio
import sys
from typing import cast

from anysocket.asgi import ASGIApp
from anysocket.transport import TransportApp
from anysocket_adapters.granian import rsgi_http
from anysocket_adapters.granian.rsgi import RSGIScope, RSGITransport, RSGIWebSocket
from anysocket_adapters.granian.rsgi_http import RSGIHTTP
from anysocket_adapters.lifespan import Lifespan
from anysocket_adapters.normalise import normalise
from anysocket_adapters.server import ServerFailed


class RSGIApplication:
    """An RSGI application around an app."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self.lifespan: Lifespan = Lifespan(app)
        # Once, since `isinstance` of a protocol is slow.
        self._handle = app.handle if isinstance(app, TransportApp) else normalise(app).handle
        self._root_path = root_path

    async def __rsgi__(self, scope: RSGIScope, protocol: RSGIHTTP | RSGIWebSocket) -> None:
        """Serve one connection, or one request."""
        root_path, state = self._root_path, dict(self.lifespan.state)
        if scope.proto == "http":
            http = cast("RSGIHTTP", protocol)  # as the scope says
            await rsgi_http.serve(self._app, scope, http, root_path=root_path, state=state)
            return
        transport = RSGITransport(scope, cast("RSGIWebSocket", protocol), root_path=root_path, state=state)
        try:
            await self._handle(transport)
        finally:
            await transport.finish()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the app in a worker; in a running loop the caller has started it."""
        if not loop.is_running():
            try:
                loop.run_until_complete(self.lifespan.startup())
            except ServerFailed as error:
                sys.exit(f"anysocket: {error}")

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Shut the app down in a worker."""
        if not loop.is_running():
            loop.run_until_complete(self.lifespan.shutdown())
