"""These tests start real servers, on loopback only; the tests in the folder above open no sockets."""

import pytest

from anysocket_adapters import servers

pytest.register_assert_rewrite("tests.servers.uvicorn_checks")

SERVERS = ("uvicorn", "hypercorn", "granian", "daphne")


@pytest.fixture
def anyio_backend() -> str:
    """Return the event loop that all servers support."""
    return "asyncio"


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return installed(request.param)


@pytest.fixture(params=(*SERVERS, "granian-rsgi"))
def row(request: pytest.FixtureRequest) -> str:
    """Return each row, also that of the server that doesn't speak ASGI."""
    return installed(request.param)


def installed(name: str) -> str:
    if servers()[name].version is None:
        pytest.fail(f"{name} isn't installed: pip install 'anysocket[all]'")
    return name
