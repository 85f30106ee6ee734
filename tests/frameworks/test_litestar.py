from tests.frameworks.checks import Checks


class TestLitestar(Checks):
    framework = "litestar"
    failed = 4500  # it closes by itself, with 4000 and the HTTP status
