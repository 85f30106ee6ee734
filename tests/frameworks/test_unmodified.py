"""Applications of frameworks, without normalise, on anysocket's connection under uvicorn's own command."""

import pytest
from tests.frameworks.checks import program
from tests.servers.uvicorn_checks import OnUvicorn


class Unmodified(OnUvicorn):
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _is_installed(cls) -> None:
        program(cls.app.partition(":")[0].removeprefix("tests.frameworks.apps."))


class TestStarlette(Unmodified):
    app = "tests.frameworks.apps.unmodified.starlette:app"


class TestFastAPI(Unmodified):
    app = "tests.frameworks.apps.unmodified.fastapi:app"
