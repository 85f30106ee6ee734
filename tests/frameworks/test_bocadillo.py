import json
from types import ModuleType

import pytest
from tests.frameworks.checks import Checks, Counted, connect, receive, until

# Bocadillo and the versions that it needs are from 2019.
pytestmark = pytest.mark.filterwarnings("ignore")


class TestBocadillo(Checks):
    framework = "bocadillo"
    environment = "bocadillo"
    answer = "You said: {}"

    def test_chat(self, url: str, served: Counted, module: ModuleType) -> None:
        module.HISTORY.clear()  # of the servers before this one
        first = {"type": "message", "user": "ada", "text": "hello"}
        second = {"type": "message", "user": "bob", "text": "hello, ada"}
        with connect(f"{url}/chat") as ada:
            ada.send(json.dumps(first))
            assert json.loads(receive(ada)) == first
            with connect(f"{url}/chat") as bob:
                assert json.loads(receive(bob)) == first
                bob.send(json.dumps(second))
                assert json.loads(receive(bob)) == json.loads(receive(ada)) == second
            # The example's room sends to everyone who hasn't been removed from it yet.
            until(lambda: served.connections == 1)
            ada.send(json.dumps(first))
            assert json.loads(receive(ada)) == first
