"""Answer each message, until the peer leaves.

Run `anysocket serve iteration:app` in this folder, then connect to ws://127.0.0.1:8000/.

A `Connection` is accepted before its handler runs, and closed after it. Its iteration ends when
the connection ends, without an error; `code` then has the close code.
"""

from anysocket import Application, Connection

app = Application()


@app.websocket("/")
async def answer(ws: Connection[str, str]) -> None:
    async for message in ws:
        await ws.send(f"Message text was: {message}")
    print("closed with", ws.code)
