"""A missing await has no effect at run time, and raises nothing."""

from anysocket import WebSocketRequest


async def forgetful(request: WebSocketRequest) -> None:
    web_socket = request.web_socket
    web_socket.accept()  # error
    web_socket.send("a")  # error
    request.deny(404)  # error
    message = web_socket.receive()
    message.upper()  # error
    await web_socket.send(web_socket.receive())  # error
    web_socket.close()  # error
