"""The pytest options that are available wherever anysocket is installed; `--row` loads the plugin.

`pytest --pyargs anysocket_matrix --row granian` runs the conformance cases, as `anysocket matrix` does.
"""

from pathlib import Path

import pytest

import anysocket_matrix


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the conformance suite."""
    group = parser.getgroup("anysocket", "anysocket's conformance suite")
    group.addoption("--row", help="run pytest --pyargs anysocket_matrix on this server")
    group.addoption("--row-cases", metavar="IDS", help="only these cases: ids, separated by commas")
    group.addoption(
        "--row-queue", type=int, metavar="FD", help="take the numbers of the cases to run from this pipe"
    )
    group.addoption(
        "--row-outcomes", type=Path, metavar="FILE", help="append a line of JSON for each outcome"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the plugin, which needs more packages than pytest."""
    if config.getoption("--row") is not None:
        config.pluginmanager.import_plugin("anysocket_matrix.running.plugin")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse to run the cases without a server."""
    ours = Path(anysocket_matrix.__path__[0])
    if config.getoption("--row") is None and any(ours in item.path.parents for item in items):
        raise pytest.UsageError("name a server: pytest --pyargs anysocket_matrix --row granian")
