import json
from types import ModuleType

from tests.frameworks.checks import Checks, connect, receive, serving


class TestChannels(Checks):
    framework = "channels"

    def test_chat(self, url: str) -> None:
        with connect(f"{url}/chat/a") as ada, connect(f"{url}/chat/a") as bob:
            ada.send(json.dumps({"message": "hello"}))
            assert json.loads(receive(ada)) == json.loads(receive(bob)) == {"message": "hello"}

    def test_below_a_root_path(self, module: ModuleType, server: str) -> None:
        """It expects the root path in the path."""
        with serving(module.app, server, "/api") as url, connect(f"{url}/echo") as peer:
            peer.send("hello")
            assert receive(peer) == self.answer.format("hello")
