"""These tests need the frameworks themselves: `tox run -e frameworks,bocadillo`."""

import pytest

pytest.register_assert_rewrite("tests.frameworks.checks", "tests.servers.uvicorn_checks")
