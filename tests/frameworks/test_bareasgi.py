from tests.frameworks.checks import Checks

from anysocket import Close


class TestBareASGI(Checks):
    framework = "bareasgi"
    answer = "You said: {}"
    http = ("uvicorn", "hypercorn")  # it requires that receive is a coroutine function, and granian's isn't

    @staticmethod
    def reported(close: Close) -> object:
        return None  # the property of 4.4 doesn't have the code
