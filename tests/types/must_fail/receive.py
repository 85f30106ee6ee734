"""A message is str, bytes or None; a handler has to check which."""

import json

from anysocket import WebSocket


def shout(text: str) -> str:
    return text.upper()


async def receive(web_socket: WebSocket) -> bytes:
    message = await web_socket.receive()
    message.upper()  # error
    len(message)  # error
    shout(message)  # error
    json.loads(message)  # error
    await web_socket.send(message)  # error
    if message is None:
        return b""
    shout(message)  # error
    message.encode()  # error
    print(message + "!")  # error
    await web_socket.send(message)
    if isinstance(message, bytes):
        message.encode()  # error
        return message
    message.decode()  # error
    shout(message)
    await web_socket.receive(1)  # error
    return message  # error
