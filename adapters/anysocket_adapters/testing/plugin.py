"""The pytest plugin: the fixture `anysocket_server`, and the option `--anysocket-needs`.

The fixture runs a test once on each installed server. The option is described in `needs`.

pytest imports this module in every project that has anysocket, so it looks for servers, and
imports the recorder, only when they are needed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from anysocket_adapters.registry import choose, servers
from anysocket_adapters.testing import AnysocketServer

FIXTURE = "anysocket_server"

OWN_WARNINGS = ("ignore:.*deprecated:UserWarning:uvicorn", "ignore::DeprecationWarning:websockets.legacy")
"""The warnings of the row uvicorn-websockets, about which the author of a test can't do anything."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that choose servers and record needs."""
    group = parser.getgroup("anysocket")
    group.addoption(
        "--anysocket-server",
        action="append",
        metavar="NAME",
        help=f"run the tests that use {FIXTURE} on this server; may be repeated [every installed one]",
    )
    group.addoption(
        "--anysocket-needs",
        metavar="FILE",
        help="write what the application uses of a server in its tests, for anysocket servers --needs",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a server that can't be had, before any test runs, and begin to record."""
    for name in _chosen(config):
        _check(name)
    file: str | None = config.getoption("--anysocket-needs")
    if file is not None:
        from anysocket_adapters.testing.needs import NeedsPlugin

        plugin = NeedsPlugin(Path(file), getattr(config, "workeroutput", None))
        config.pluginmanager.register(plugin, "anysocket-needs")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses the fixture on each server."""
    if FIXTURE in metafunc.fixturenames:
        names = _chosen(metafunc.config) or [name for name, server in servers().items() if server.version]
        if not names:
            _check(None)
        # With pytest's warnings plugin off there is no such mark, and a warning isn't an error.
        filtered = metafunc.config.pluginmanager.hasplugin("warnings")
        quiet = [pytest.mark.filterwarnings(*OWN_WARNINGS)] if filtered else []
        metafunc.parametrize(FIXTURE, [pytest.param(name, marks=quiet) for name in names], indirect=True)


@pytest.fixture
def anysocket_server(request: pytest.FixtureRequest) -> Iterator[AnysocketServer]:
    """Call it with an application: it serves that and gives the URL. The test runs on each server."""
    name: str = request.param
    with AnysocketServer(name) as server:
        yield server


def _chosen(config: pytest.Config) -> list[str]:
    names: list[str] | None = config.getoption("--anysocket-server")
    return list(dict.fromkeys(names or []))


def _check(name: str | None) -> None:
    try:
        choose(name)
    except ValueError as error:
        installed = ", ".join(each for each, server in servers().items() if server.version)
        raise pytest.UsageError(f"--anysocket-server: {error} (installed: {installed or 'none'})") from None
