"""A chat room with a page for browsers: everyone gets every message, and the last 100 at the start.

Run `anysocket serve chat_room:app` in this folder, then open http://127.0.0.1:8000/ in two windows.

It is the chat room of Bocadillo's documentation. A handler waits until its message has been sent to
all, so a peer that doesn't read delays the sender, but not the other receivers. chat.py closes the
connection of such a peer.
"""

from collections import deque
from pathlib import Path

import msgspec

from anysocket import Application, Connection, broadcast
from anysocket.asgi import Receive, Scope, Send

PAGE = Path(__file__).with_suffix(".html").read_bytes()


class Message(msgspec.Struct, tag="message"):
    """`{"type": "message", "user": "ada", "text": "hello"}`."""

    user: str
    text: str


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every http request with the page."""
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(PAGE))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE})


app = Application(http=page)
clients = set[Connection[Message, Message]]()
history = deque[Message](maxlen=100)


@app.websocket("/chat")
async def chat(ws: Connection[Message, Message]) -> None:
    clients.add(ws)
    try:
        for message in tuple(history):
            await ws.send(message)
        async for message in ws:
            history.append(message)
            await broadcast(clients, message)
    finally:
        clients.remove(ws)
