"""The request's own members."""

from enum import Enum, IntEnum, StrEnum

from anysocket import WebSocketRequest


class Protocols(StrEnum):
    V1 = "chat.v1"
    V2 = "chat.v2"


class Plain(Enum):
    V1 = "chat.v1"


class Numbers(IntEnum):
    V1 = 1


async def chooses(request: WebSocketRequest) -> None:
    request.choose_subprotocol(Plain)  # error
    request.choose_subprotocol(Numbers)  # error
    request.choose_subprotocol(Protocols.V1)  # error
    request.choose_subprotocol(["chat.v1"])  # error
    request.choose_subprotocol(str)  # error
    request.choose_subprotocol()  # error
    chosen = request.choose_subprotocol(Protocols)
    print(chosen.value)  # error
    await request.web_socket.accept(Protocols)  # error


async def denies(request: WebSocketRequest) -> None:
    await request.deny("401")  # error
    await request.deny(None)  # error
    await request.deny(401, {"www-authenticate": "Bearer"})  # error
    await request.deny(401, [("www-authenticate", None)])  # error
    await request.deny(401, body=None)  # error
    await request.deny(lambda scope: None)  # error
    await request.deny(object())  # error
    request.deny(401)  # error


async def waits(request: WebSocketRequest) -> str:
    request.wait_closed() + 1  # error
    with request.task_group():  # error
        pass
    print(request.url.hostname)  # error
    print(request.url.port + 1)  # error
    request.connecting = True  # error
    if request.client[0]:  # error
        pass
    return await request.wait_closed()  # error
