"""The app behind the proxies, with which browsers talk too."""

import os
from typing import Any, cast

import msgspec
from examples.mounted import page
from tests.outside.request_seen import RequestSeen
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from anysocket import Application, WebSocketRequest

app = Application(http=page, origins=os.environ.get("ORIGINS", "").split() or None)


@app.websocket("/tell")
async def tell(request: WebSocketRequest) -> None:
    """Describe the request, echo the peer's messages, and print how the peer left."""
    ws = request.web_socket
    await ws.accept()
    seen = RequestSeen(
        client=request.client[0] if request.client else "",
        scheme=request.scheme,
        http_version=request.http_version,
        headers={name: request.headers.get_all(name) for name in request.headers},
    )
    await ws.send(msgspec.json.encode(seen).decode())
    while (message := await ws.receive()) is not None:
        await ws.send(message)
    print("the handler saw", ws.code, flush=True)


believing = ProxyHeadersMiddleware(cast("Any", app))  # its own types list the scopes one by one
"""The same app, which trusts the proxy's headers."""
