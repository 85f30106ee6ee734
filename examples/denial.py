"""Accept as many peers as there are seats, and tell the others when to try again.

Run `anysocket serve denial:app` in this folder, then connect three peers to
ws://127.0.0.1:8000/. The third gets an HTTP response with status 503, a header and a body, and
its connection never opens. With `auto_accept=False` the handler runs before the connection is open.
"""

from anysocket import Application, Connection

SEATS = 2

app = Application()

seated: set[Connection[str, str]] = set()


@app.websocket("/", auto_accept=False)
async def sit(ws: Connection[str, str]) -> None:
    if len(seated) == SEATS:
        await ws.request.deny(503, [("retry-after", "60")], "every seat is taken")
        return
    seated.add(ws)
    try:
        async with ws:
            async for message in ws:
                await ws.send(f"{len(seated)} of {SEATS} hear you say {message}")
    finally:
        seated.remove(ws)
