"""Only str and bytes-like can be sent."""

from anysocket import WebSocket


async def send(web_socket: WebSocket, maybe: str | None) -> None:
    await web_socket.send(1)  # error
    await web_socket.send(None)  # error
    await web_socket.send(maybe)  # error
    await web_socket.send({"type": "text"})  # error
    await web_socket.send(["a", "b"])  # error
    await web_socket.send()  # error
    await web_socket.send("a", "b")  # error
    await web_socket.send(text="a")  # error
    if maybe is not None:
        await web_socket.send(maybe)
    (await web_socket.send("a")).upper()  # error
