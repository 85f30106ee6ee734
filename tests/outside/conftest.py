"""These tests need what doesn't come with Python: apt-get install haproxy nginx chromium."""

from pathlib import Path

import pytest
from tests.outside.configurations import SERVERS

from anysocket_matrix.proxies import Certificate


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.issue(tmp_path_factory.mktemp("certificate"))
