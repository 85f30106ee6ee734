"""Arguments of accept, close and deny."""

from anysocket import Application, CloseCode, WebSocketRequest


async def arguments(request: WebSocketRequest) -> None:
    web_socket = request.web_socket
    await web_socket.accept(b"chat")  # error
    await web_socket.accept(["chat"])  # error
    await web_socket.accept(1)  # error
    await web_socket.accept(protocol="chat")  # error
    await web_socket.accept(headers={"x": "1"})  # error
    await web_socket.accept(headers=[("x", 1)])  # error
    await web_socket.accept(headers=[("x",)])  # error
    await web_socket.accept(headers="x: 1")  # error
    await web_socket.close("done")  # error
    await web_socket.close(1000, 1)  # error
    await web_socket.close(1000, b"done")  # error
    await web_socket.close(reason=None)  # error
    await web_socket.close(status=1000)  # error
    await web_socket.close(CloseCode.NORMAL)  # error
    await request.deny("404")  # error
    await request.deny(404, body=1)  # error
    await request.deny(404, body={"error": "none"})  # error
    await request.deny(404, "no such room")  # error
    await request.deny(code=404)  # error
    Application(max_message_size="1 MiB")  # error
    Application(timeout=1)  # error
    Application().websocket()  # error
