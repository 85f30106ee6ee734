"""There are five members, and code can't be set."""

from anysocket import CloseCode, WebSocket, WebSocketRequest


async def members(request: WebSocketRequest) -> None:
    web_socket = request.web_socket
    web_socket.code = CloseCode.NORMAL_CLOSURE  # error
    print(web_socket.reason)  # error
    print(web_socket.state)  # error
    await web_socket.deny()  # error
    await web_socket.recv()  # error
    await web_socket.send_text("a")  # error
    await web_socket.send_json({})  # error
    async for _ in web_socket:  # error
        pass
    request.path = "/"  # error
    request.web_socket = web_socket  # error
    request.path_params["room"] = "lobby"  # error
    request.headers["x"] = "1"  # error
    request.headers["x"].decode()  # error
    print(request.client.host)  # error
    print(request.client[0])  # error
    print(request.cookies)  # error


def code_of(web_socket: WebSocket) -> int:
    print(web_socket.code + 1)  # error
    return web_socket.code  # error
