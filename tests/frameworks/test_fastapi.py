from tests.frameworks.checks import Checks, connect, receive

from anysocket import Close


class TestFastAPI(Checks):
    framework = "fastapi"
    answer = "Message text was: {}"

    @staticmethod
    def reported(close: Close) -> object:
        return close.code, close.reason

    def test_chat(self, url: str) -> None:
        with connect(f"{url}/chat/1") as ada:
            with connect(f"{url}/chat/2") as bob:
                bob.send("hello")
                assert receive(bob) == "You wrote: hello"
                assert receive(bob) == receive(ada) == "Client #2 says: hello"
            assert receive(ada) == "Client #2 left the chat"
