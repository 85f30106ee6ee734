"""The rows of the matrix: their names, their declarations, and rows that can't exist."""

from pathlib import Path

import pytest

from anysocket import Support
from anysocket_adapters import servers
from anysocket_matrix.case import LIFECYCLE_LAYERS, cases
from anysocket_matrix.proxies import BY_CHANCE, PROXIES, Changes, installed
from anysocket_matrix.rows.rows import Row, row, rows

PROGRAM = """#!/bin/sh
echo "version 1.2.3"
"""


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a PATH with nothing but proxies that print their version."""
    for proxy in PROXIES.values():
        (tmp_path / proxy.program).write_text(PROGRAM)
        (tmp_path / proxy.program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def behind(name: str, *, http2: bool = False) -> Row:
    return Row(servers()["hypercorn"], http2=http2, tls=True, proxy=PROXIES[name])


OVER_HTTP2 = [name for name, proxy in PROXIES.items() if proxy.over_http2 is not None]


@pytest.mark.parametrize(
    ("name", "http2"), [(name, False) for name in PROXIES] + [(name, True) for name in OVER_HTTP2]
)
def test_a_proxy_changes_what_is_declared(name: str, *, http2: bool) -> None:
    through = behind(name, http2=http2).check()
    assert through.capabilities.peer_addresses is Support.ABSENT
    assert through.behind.capabilities.peer_addresses is Support.NATIVE
    changes = PROXIES[name].changes(http2=http2)
    for capability, support in changes.capabilities.items():
        assert getattr(through.capabilities, capability) is support
    assert dict(through.known_failures) == dict(changes.known_failures)


@pytest.mark.parametrize(("name", "http2"), [("haproxy", False), ("haproxy-h2", True)])
def test_the_version_behind_is_the_proxys(name: str, *, http2: bool) -> None:
    for in_front in False, True:
        assert behind(name, http2=in_front).behind.name == ("hypercorn+h2" if http2 else "hypercorn")


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


def test_a_servers_life_is_run_once_if_asked_for() -> None:
    lives = [case for case in cases() if case.layers == LIFECYCLE_LAYERS]
    chosen = [each.with_lifecycle_once for each in rows(["hypercorn-wsproto"], variants=True, proxies=False)]
    alike = [each.name for each in chosen if not any(each.runs(case) for case in lives)]
    assert lives
    assert all(each.runs(case) for each in chosen for case in cases() if case not in lives)
    assert [each.name for each in chosen if each.name not in alike] == [
        *("hypercorn-wsproto", "hypercorn-wsproto+h2", "hypercorn-wsproto+trio", "hypercorn-wsproto+trio+h2")
    ]


def test_rows_through_proxies() -> None:
    chosen = rows(["uvicorn", "granian+nginx"], variants=False, proxies=True)
    assert [each.name for each in chosen] == [
        *("uvicorn", "uvicorn+haproxy", "uvicorn+h2+tls+haproxy", "uvicorn+nginx"),
        *("granian+nginx", "granian+haproxy", "granian+h2+tls+haproxy"),
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("uvicorn+nginx+haproxy", "more than one proxy"),
        ("hypercorn+h2+nginx", "nginx has no WebSockets over HTTP/2"),
        ("hypercorn+h2+haproxy-h2", "haproxy-h2 has no configuration without TLS"),
        ("granian+h2+tls+haproxy-h2", "granian has no WebSockets over HTTP/2"),
        ("uvicorn+squid", "haproxy, haproxy-h2, nginx"),
    ],
)
def test_rows_that_cannot_be(name: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        row(name)


def test_a_program_that_is_missing() -> None:
    with pytest.raises(ValueError, match="no-proxy isn't installed: apt-get install no-proxy"):
        installed("no-proxy")


def test_a_proxys_known_failures_are_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        type(PROXIES["nginx"]), "over_http1", Changes({}, {"close.gone": "https://example.com"})
    )
    with pytest.raises(ValueError, match=r"known failure 'close\.gone' isn't a case"):
        behind("nginx").check()


def test_the_same_http2_is_proved_once() -> None:
    names = [each.name for each in rows(["hypercorn", "hypercorn-wsproto"], variants=True, proxies=False)]
    over_http2 = [name for name in names if "+h2" in name and "+tls" not in name]
    assert over_http2 == ["hypercorn+h2", "hypercorn+uvloop+h2", "hypercorn-wsproto+trio+h2"]
    alone = [each.name for each in rows(["hypercorn-wsproto+h2"], variants=False, proxies=False)]
    assert alone == ["hypercorn-wsproto+h2"]
