"""What a row of the matrix is called, what it declares, and which cannot be."""

from pathlib import Path

import pytest

from anysocket import Support
from anysocket_adapters import servers
from anysocket_matrix.conformance.case import cases
from anysocket_matrix.proxies import BY_CHANCE, PROXIES, installed
from anysocket_matrix.rows import Row, row, rows

PROGRAM = """#!/bin/sh
echo "version 1.2.3"
"""


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing but proxies that tell their version."""
    for name in PROXIES:
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def behind(name: str) -> Row:
    return Row(servers()["hypercorn"], proxy=PROXIES[name])


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_changes_what_is_declared(name: str) -> None:
    through = behind(name)
    assert through.capabilities.peer_addresses is Support.ABSENT
    assert through.behind.capabilities.peer_addresses is Support.NATIVE
    for capability, support in PROXIES[name].changes.items():
        assert getattr(through.capabilities, capability) is support


def test_tls_ends_at_the_proxy() -> None:
    nginx = PROXIES["nginx"]
    through = Row(servers()["granian"], tls=True, proxy=nginx)
    assert through.name == "granian+tls+nginx"
    assert through.capabilities.peer_scheme is Support.ABSENT
    assert not through.behind.tls


def test_a_servers_life_is_not_run_again() -> None:
    left_out = [case for case in cases() if not behind("haproxy").runs(case)]
    assert left_out
    assert {case.clause[0] for case in left_out if case.id not in BY_CHANCE} == {"L"}
    assert set(BY_CHANCE) <= {case.id for case in left_out}, "one of them is no case"


def test_rows_through_proxies() -> None:
    chosen = rows(["uvicorn", "granian+nginx"], variants=False, proxies=True)
    assert [each.name for each in chosen] == [
        *("uvicorn", "uvicorn+haproxy", "uvicorn+nginx"),
        *("granian+nginx", "granian+haproxy"),
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("uvicorn+nginx+haproxy", "more than one proxy"),
        ("hypercorn+h2+haproxy", "over HTTP/1.1, so without h2"),
        ("uvicorn+squid", "haproxy, nginx"),
    ],
)
def test_rows_that_cannot_be(name: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        row(name)


def test_a_program_that_is_missing() -> None:
    with pytest.raises(ValueError, match="no-proxy isn't installed: apt-get install no-proxy"):
        installed("no-proxy")


def test_a_proxys_known_failures_are_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PROXIES["nginx"], "known_failures", {"close.gone": "https://example.com"})
    with pytest.raises(ValueError, match=r"known failure 'close\.gone' is no case"):
        behind("nginx").check()
