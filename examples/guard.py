"""Accept only peers that have a key, in a header or in the query.

Run `GUARD_KEY=sesame anysocket serve guard:app` in this folder, then connect to
ws://127.0.0.1:8000/private?key=sesame, or send the header `X-API-Key: sesame`. Any other peer gets
an HTTP response with status 401, and its connection never opens.
"""

import os
import secrets

from anysocket import Application, WebSocketRequest

KEY = os.environ.get("GUARD_KEY", "sesame")

app = Application()


def has_key(request: WebSocketRequest) -> bool:
    """Tell whether the peer has the key. A browser can't set headers, so it uses the query."""
    given = request.headers.get("x-api-key") or request.query.get("key") or ""
    return secrets.compare_digest(given.encode(), KEY.encode())


@app.websocket("/private")
async def private(request: WebSocketRequest) -> None:
    if not has_key(request):
        await request.deny(401, body="a key is needed")
        return
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
