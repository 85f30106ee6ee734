"""Send the server's time every second.

Run `anysocket serve server_clock:app` in this folder, then connect to ws://127.0.0.1:8000/clock.

The handler expects no message, but it waits in `receive`: so it notices at once, on every server,
that the peer has left. Where the server itself notices the end of a connection (contract C6),
`await anyio.sleep(1)` is enough.
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
