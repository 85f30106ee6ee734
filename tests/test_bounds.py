"""Each server has an upper bound in its extra, and tox's `newest` lifts it."""

from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

NEWEST = Path(__file__).with_name("newest.txt")

SERVERS = ("uvicorn", "hypercorn", "granian", "daphne")


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_has_an_upper_bound(server: str) -> None:
    requirements = map(Requirement, distribution("anysocket").requires or ())
    bounds = [
        str(each.specifier)
        for each in requirements
        if each.name == server and each.marker is not None and each.marker.evaluate({"extra": server})
    ]
    assert len(bounds) == 1
    assert ">=" in bounds[0]
    assert "<" in bounds[0]


def test_the_newest_releases_are_those_of_every_server() -> None:
    lines = NEWEST.read_text().splitlines()
    assert sorted(line for line in lines if not line.startswith("#")) == sorted(SERVERS)
