from tests.frameworks.checks import Checks

from anysocket import Close


class TestQuart(Checks):
    framework = "quart"
    answer = "echo {}"
    denied = 401
    failed = 1000  # it answers an exception with an HTTP response that nobody sees, and closes

    @staticmethod
    def told(close: Close) -> object:
        return None  # it cancels the handler
