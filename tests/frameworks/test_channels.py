import json

from tests.frameworks.checks import Checks, connect, receive


class TestChannels(Checks):
    framework = "channels"

    def test_chat(self, url: str) -> None:
        with connect(f"{url}/chat/a") as ada, connect(f"{url}/chat/a") as bob:
            ada.send(json.dumps({"message": "hello"}))
            assert json.loads(receive(ada)) == json.loads(receive(bob)) == {"message": "hello"}
