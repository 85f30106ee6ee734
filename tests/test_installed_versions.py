"""A capability that a release has fixed is declared by the installed version."""

from importlib.metadata import version

import pytest

from anysocket_adapters.repairs.versions import at_least, installed_at_least


@pytest.mark.parametrize(
    ("installed", "release", "newer"),
    [
        ("2.8.4", "2.8.9", False),
        ("2.8.9", "2.8.9", True),
        ("2.8.10", "2.8.9", True),
        ("2.10.0", "2.8.9", True),
        ("2.9", "2.8.9", True),
        ("2.8", "2.8.9", False),
        ("2.8.9.post1", "2.8.9", True),
        ("2.9.0rc1", "2.8.9", True),
    ],
)
def test_versions_compare_by_their_numbers(installed: str, release: str, newer: bool) -> None:
    assert at_least(installed, release) is newer


def test_the_installed_version_tells() -> None:
    assert installed_at_least("anyio", version("anyio"))
    assert not installed_at_least("anyio", "999")


def test_what_is_not_installed_does_as_the_newest() -> None:
    assert installed_at_least("no-such-distribution", "999")
