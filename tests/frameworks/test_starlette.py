from tests.frameworks.checks import Checks

from anysocket import Close


class TestStarlette(Checks):
    framework = "starlette"
    answer = "Message text was: {}"
    denied = 401

    @staticmethod
    def reported(close: Close) -> object:
        return close.code, close.reason
