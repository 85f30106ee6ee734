"""An app as granian serves it over RSGI: WebSockets on their own transport, http and lifespan bridged."""

import asyncio
import sys
from socket import socket
from typing import cast

from anyio import Event

from anysocket.asgi import ASGIApp
from anysocket.transport import Transport, TransportApp
from anysocket_adapters.granian import rsgi_http
from anysocket_adapters.granian import transport as granian
from anysocket_adapters.granian.rsgi import RSGIScope, RSGITransport, RSGIWebSocket
from anysocket_adapters.granian.rsgi_http import RSGIHTTP
from anysocket_adapters.lifespan import Lifespan
from anysocket_adapters.normalise import normalise
from anysocket_adapters.options import Options
from anysocket_adapters.server import Server, ServerFailed


class RSGIApplication:
    """An RSGI application around an app."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self.lifespan: Lifespan = Lifespan(app)
        # Once, since `isinstance` of a protocol is dear.
        self._handle = app.handle if isinstance(app, TransportApp) else normalise(app).handle
        self._root_path = root_path

    async def __rsgi__(self, scope: RSGIScope, protocol: RSGIHTTP | RSGIWebSocket) -> None:
        """Serve one connection, or one request."""
        root_path, state = self._root_path, dict(self.lifespan.state)
        if scope.proto == "http":
            http = cast("RSGIHTTP", protocol)  # the scope has told which
            await rsgi_http.serve(self._app, scope, http, root_path=root_path, state=state)
            return
        transport = RSGITransport(scope, cast("RSGIWebSocket", protocol), root_path=root_path, state=state)
        try:
            await self._handle(transport)
        finally:
            await transport.finish()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the app in a worker of granian's; in a running loop the caller has done it."""
        if not loop.is_running():
            try:
                loop.run_until_complete(self.lifespan.startup())
            except ServerFailed as error:
                sys.exit(f"anysocket: {error}")

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the app in a worker of granian's."""
        if not loop.is_running():
            loop.run_until_complete(self.lifespan.shutdown())


class GranianRSGI(granian.Granian):
    """granian over RSGI."""

    transport: type[Transport] = RSGITransport
    plain = False
    interface = "rsgi"
    worker = "anysocket_adapters.granian.rsgi_server:worker_app"

    async def serve(self, app: ASGIApp, options: Options, listener: socket, stop: Event) -> None:
        application = RSGIApplication(app, options.root_path)
        await application.lifespan.startup()
        try:
            await self._serve_target(application, options, listener, stop)
        finally:
            await application.lifespan.shutdown()


def worker_app() -> RSGIApplication:
    """Make what a worker of granian serves."""
    app = granian.worker_app()
    return RSGIApplication(app, app.options.root_path)


granian_rsgi: Server = GranianRSGI("granian-rsgi")
