"""Send the server's time, once a second.

Run `anysocket serve server_clock:app` in this folder, then connect to ws://127.0.0.1:8000/clock.

The handler has nothing to receive, but it sleeps in `receive` all the same: so it learns at once,
and on every server, that the peer has left. Where the server notices the end of a connection by
itself (contract C6), `await anyio.sleep(1)` would do.
"""

from datetime import UTC, datetime

import anyio

from anysocket import Application, WebSocketRequest

app = Application()


@app.websocket("/clock")
async def clock(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while ws.code is None:
        await ws.send(datetime.now(UTC).isoformat(timespec="seconds"))
        with anyio.move_on_after(1):
            await ws.receive()
