"""Messages of a WebSocket, sent to listeners as server-sent events.

Run `anysocket serve server_sent_events:app` in this folder. Listen with
`curl -N http://127.0.0.1:8000/`, or with `new EventSource("/")` in a page of this server. Then
send messages to ws://127.0.0.1:8000/say.
"""

from contextlib import suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from anysocket import Application, Connection
from anysocket.asgi import Receive, Scope, Send

UNHEARD = 100
"""How many messages may wait for one listener; a slower listener misses some."""

listeners: set[MemoryObjectSendStream[str]] = set()


async def listen(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer an http request with events, until the peer leaves."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    said, heard = anyio.create_memory_object_stream[str](UNHEARD)
    with said, heard:
        listeners.add(said)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(tell, heard, send)
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()
        finally:
            listeners.remove(said)


async def tell(heard: MemoryObjectReceiveStream[str], send: Send) -> None:
    """Send an event for each message. A comment comes first, because some servers wait for a body."""
    await send({"type": "http.response.body", "body": b": welcome\n\n", "more_body": True})
    async for message in heard:
        event = "".join(f"data: {line}\n" for line in message.splitlines()) + "\n"
        await send({"type": "http.response.body", "body": event.encode(), "more_body": True})


app = Application(http=listen)


@app.websocket("/say")
async def say(ws: Connection[str, str]) -> None:
    async for message in ws:
        for listener in listeners:
            with suppress(anyio.WouldBlock):
                listener.send_nowait(message)
