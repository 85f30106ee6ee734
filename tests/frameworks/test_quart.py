from types import ModuleType

from tests.frameworks.checks import Checks, connect, receive, serving

from anysocket import Close


class TestQuart(Checks):
    framework = "quart"
    answer = "echo {}"
    denied = 401
    failed = 1000  # it answers an exception with an HTTP response that the peer doesn't see, and closes

    @staticmethod
    def reported(close: Close) -> object:
        return None  # it cancels the handler

    def test_below_a_root_path(self, module: ModuleType, server: str) -> None:
        """It expects the root path in the path."""
        with serving(module.app, server, "/api") as url, connect(f"{url}/echo") as peer:
            peer.send("hello")
            assert receive(peer) == self.answer.format("hello")
