"""The list of quirks is complete, and its entries refer to existing things."""

import pkgutil
import re

import pytest

from anysocket import Support
from anysocket.capabilities import described
from anysocket_adapters import servers
from anysocket_matrix.case import cases
from anysocket_matrix.quirks import QUIRKS, SEEN, Quirk, Where
from anysocket_matrix.reports.page.clauses import TITLES
from anysocket_matrix.rows.rows import Row

CASES = {case.id: case for case in cases()}

each_quirk = pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: str(quirk.number))


def all_rows() -> list[Row]:
    """Return every row whose declaration differs, whether its server is installed or not."""
    return [
        Row(server, loop, http2)
        for server in servers().values()
        for loop in server.loops
        for http2 in ((False, True) if server.http2 else (False,))
    ]


def affected(quirk: Quirk) -> list[Row]:
    return [row for row in all_rows() if quirk.affects(row.name)]


def now(row: Row) -> str:
    """Return the version that a row is declared for: the newest one if none is installed."""
    return row.server.version or SEEN[row.server.distribution]


def wanting(row: Row, *supports: Support) -> set[str]:
    """Return the capabilities with one of these kinds of support."""
    return {name for name in described() if getattr(row.capabilities, name) in supports}


def test_numbers() -> None:
    assert [quirk.number for quirk in QUIRKS] == list(range(1, len(QUIRKS) + 1))
    assert len(QUIRKS) >= 52


@each_quirk
def test_it_is_about_something(quirk: Quirk) -> None:
    assert quirk.rows
    assert set(quirk.rows) <= {row.name for row in all_rows()}
    assert quirk.cases
    assert set(quirk.cases) <= set(CASES)


@each_quirk
def test_its_clauses_have_cases(quirk: Quirk) -> None:
    assert {CASES[name].clause for name in quirk.cases} == set(quirk.clauses) <= set(TITLES)


@each_quirk
def test_what_is_absent_is_declared_so_on_all_its_rows(quirk: Quirk) -> None:
    required = {name for case in quirk.cases for name in CASES[case].requires}
    for row in all_rows():
        if quirk.affects(row.name, now(row)):
            assert set(quirk.absent) == required & wanting(row, Support.ABSENT), row.name
    assert bool(quirk.absent) >= (Where.NOWHERE in quirk.repair)


@each_quirk
def test_its_repair_is_there(quirk: Quirk) -> None:
    for where, says in quirk.repair.items():
        assert says.endswith(".")
        package = "anysocket" if where is Where.CORE else "anysocket_adapters"
        places = re.findall(r"`(\w+\.[\w.]+)`", says)
        assert places or where is Where.NOWHERE
        for place in places:
            pkgutil.resolve_name(f"{package}.{place}")


@each_quirk
def test_it_was_seen_in_a_version(quirk: Quirk) -> None:
    assert {row.server.distribution for row in affected(quirk)} <= set(SEEN)


@each_quirk
def test_whatever_is_absent_has_a_link(quirk: Quirk) -> None:
    assert len(quirk.links()) == len(quirk.upstream)
    assert quirk.upstream or not quirk.absent


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.name)
def test_whatever_a_server_wants_is_a_quirk(row: Row) -> None:
    quirks = [quirk for quirk in QUIRKS if quirk.affects(row.name, now(row))]
    required = {name for quirk in quirks for case in quirk.cases for name in CASES[case].requires}
    assert wanting(row, Support.REPAIRED) <= required
    assert wanting(row, Support.ABSENT) == {name for quirk in quirks for name in quirk.absent}


@pytest.mark.parametrize(
    ("rows", "affects"),
    [
        (("hypercorn",), True),
        (("hypercorn+trio",), True),
        (("hypercorn+h2+trio",), True),
        (("hypercorn+tls",), False),
        (("uvicorn", "hypercorn+h2"), True),
        (("hyper",), False),
    ],
)
def test_a_row_stands_for_its_variants(rows: tuple[str, ...], affects: bool) -> None:
    quirk = Quirk(number=1, rows=rows, does="", clauses=(), cases=(), repair={})
    assert quirk.affects("hypercorn+trio+h2") is affects


@pytest.mark.parametrize(
    ("version", "affects"),
    [("2.8.4", True), ("2.8.9", False), ("2.8.10", False), (None, True)],
)
def test_a_release_mends_it(version: str | None, affects: bool) -> None:
    quirk = Quirk(number=1, rows=("granian",), does="", clauses=(), cases=(), repair={}, fixed_in="2.8.9")
    assert quirk.affects("granian", version) is affects


def with_upstream(*upstream: str) -> Quirk:
    return Quirk(number=1, rows=(), does="", clauses=(), cases=(), repair={}, upstream=upstream)


def test_links_to_threads_and_source() -> None:
    source = "https://github.com/django/daphne/blob/4.2.3/daphne/http_protocol.py#L404-L409"
    assert with_upstream("Kludex/uvicorn#47", source).links() == {
        "Kludex/uvicorn#47": "https://github.com/Kludex/uvicorn/issues/47",
        "django/daphne: daphne/http_protocol.py#L404-L409": source,
    }


@pytest.mark.parametrize(
    "upstream",
    [
        "uvicorn#47",
        "Kludex/uvicorn",
        "https://github.com/Kludex/uvicorn/issues/47",
        "https://github.com/Kludex/uvicorn/blob/0.54.0/uvicorn/config.py",
    ],
)
def test_anything_else_upstream_is_an_error(upstream: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(upstream))):
        with_upstream(upstream).links()
