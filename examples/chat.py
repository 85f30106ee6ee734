"""Chat rooms: each member's messages go to the other members of its room.

Run `anysocket serve chat:app` in this folder, then connect several peers to
ws://127.0.0.1:8000/chat/lobby.

A handler never sends to another handler's peer: it puts the message into that member's outbox.
So a peer that has left, or that doesn't read, delays no other peer. When an outbox is full, its
member's connection closes with 1013. chat_room.py is shorter: it has no outboxes, and it has a page
for browsers.
"""

from collections import defaultdict
from contextlib import suppress

import anyio

from anysocket import Application, CloseCode, ConnectionClosed, WebSocket, WebSocketRequest

OUTBOX_SIZE = 100
"""How many messages may wait for one member."""

app = Application()


class Member:
    """A connection, and its outbox: messages that aren't sent yet."""

    def __init__(self, ws: WebSocket) -> None:
        self.ws = ws
        self.outbox, self.unsent = anyio.create_memory_object_stream[str | bytes](OUTBOX_SIZE)
        self.presence = anyio.CancelScope()

    def hear(self, message: str | bytes) -> None:
        """Put a message into the outbox, without waiting. When it is full, end the connection."""
        try:
            self.outbox.send_nowait(message)
        except anyio.WouldBlock:
            self.presence.cancel()

    async def deliver(self) -> None:
        """Send the messages of the outbox until the peer leaves."""
        with suppress(ConnectionClosed):  # the task that receives sees the end too
            async for message in self.unsent:
                await self.ws.send(message)


rooms: defaultdict[str, set[Member]] = defaultdict(set)


@app.websocket("/chat/{room}")
async def chat(request: WebSocketRequest) -> None:
    name = request.path_params["room"]
    await request.web_socket.accept()
    me = Member(request.web_socket)
    rooms[name].add(me)
    with me.outbox, me.unsent:
        try:
            with me.presence:
                await take_part(me, name)
        finally:
            rooms[name].discard(me)
            if not rooms[name]:
                del rooms[name]
    if me.presence.cancelled_caught:
        await me.ws.close(CloseCode.TRY_AGAIN_LATER, "too slow")


async def take_part(me: Member, room: str) -> None:
    """Give the peer's messages to the other members until it leaves."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(me.deliver)
        while (message := await me.ws.receive()) is not None:
            for member in rooms[room] - {me}:
                member.hear(message)
        tasks.cancel_scope.cancel()
