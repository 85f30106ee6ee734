import json
from typing import cast

from tests.frameworks.checks import Checks, connect, receive
from websockets.sync.client import ClientConnection


class TestBlackSheep(Checks):
    framework = "blacksheep"

    def test_chat(self, url: str) -> None:
        with connect(f"{url}/chat/ada") as ada:
            say(ada, "alone")
            assert hear(ada) == ("me", "alone")
            with connect(f"{url}/chat/bob") as bob:
                assert hear(ada) == ("Server", "bob enters the chat")
                say(bob, "hello")
                assert hear(bob) == hear(ada) == ("me", "hello")
            assert hear(ada) == ("Server", "bob disconnected")


def say(peer: ClientConnection, text: str) -> None:
    peer.send(json.dumps({"author": "me", "text": text}))


def hear(peer: ClientConnection) -> tuple[str, str]:
    message = cast("dict[str, str]", json.loads(receive(peer)))
    return message["author"], message["text"]
