"""The list of quirks is complete, and each entry is about something that is there."""

import pkgutil
import re
from typing import get_args

import pytest
from docs import generate

from anysocket import Support
from anysocket.capabilities import described
from anysocket_adapters import servers
from anysocket_adapters.options import Loop
from anysocket_matrix.conformance.case import cases
from anysocket_matrix.quirks import QUIRKS, SEEN, Quirk, Where
from anysocket_matrix.rows import HTTP2, Row

CASES = {case.id: case for case in cases()}

THREAD = re.compile(r"[\w-]+/[\w-]+#\d+")

each_quirk = pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: str(quirk.number))


def row(name: str) -> Row:
    """Find a row, whether its server is installed or not."""
    server, *variants = name.split("+")
    loops: tuple[Loop, ...] = get_args(Loop)
    chosen: list[Loop] = [loop for loop in loops if loop in variants]
    assert set(variants) <= {*servers()[server].loops, HTTP2}, name
    return Row(servers()[server], chosen[0] if chosen else "asyncio", HTTP2 in variants)


def wanting(row: Row, *supports: Support) -> set[str]:
    """Give the capabilities with such a support."""
    return {name for name in described() if getattr(row.capabilities, name) in supports}


def all_rows() -> list[Row]:
    both = ((server, http2) for server in servers().values() for http2 in (False, True))
    return [Row(server, http2=http2) for server, http2 in both if server.http2 or not http2]


def test_numbers() -> None:
    assert [quirk.number for quirk in QUIRKS] == list(range(1, len(QUIRKS) + 1))
    assert len(QUIRKS) >= 52


@each_quirk
def test_its_clauses_have_cases(quirk: Quirk) -> None:
    assert {CASES[name].clause for name in quirk.cases} == set(quirk.clauses) <= set(generate.CLAUSES)


@each_quirk
def test_what_is_absent_is_declared_so(quirk: Quirk) -> None:
    required = {name for case in quirk.cases for name in CASES[case].requires}
    absent = {name for each in quirk.rows for name in wanting(row(each), Support.ABSENT)}
    assert set(quirk.absent) == required & absent
    assert bool(quirk.absent) >= (Where.NOWHERE in quirk.repair)


@each_quirk
def test_its_repair_is_there(quirk: Quirk) -> None:
    for where, says in quirk.repair.items():
        assert says.endswith(".")
        package = "anysocket" if where is Where.CORE else "anysocket_adapters"
        places = re.findall(r"`(\w+)\.([\w.]+)`", says)
        assert places or where is Where.NOWHERE
        for module, name in places:
            pkgutil.resolve_name(f"{package}.{module}:{name}")


@each_quirk
def test_it_was_seen_in_a_version(quirk: Quirk) -> None:
    assert {row(each).server.distribution for each in quirk.rows} <= set(SEEN)


@each_quirk
def test_its_threads_are_named(quirk: Quirk) -> None:
    assert all(THREAD.fullmatch(thread) for thread in quirk.upstream)


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.name)
def test_whatever_a_server_wants_is_a_quirk(row: Row) -> None:
    told = {
        name
        for quirk in QUIRKS
        if quirk.affects(row.name)
        for case in quirk.cases
        for name in CASES[case].requires
    }
    assert wanting(row, Support.REPAIRED, Support.ABSENT) <= told


@pytest.mark.parametrize(
    ("rows", "affected"),
    [
        (("hypercorn",), True),
        (("hypercorn+trio",), True),
        (("hypercorn+h2+trio",), True),
        (("hypercorn+tls",), False),
        (("uvicorn", "hypercorn+h2"), True),
        (("hyper",), False),
    ],
)
def test_a_row_stands_for_its_variants(rows: tuple[str, ...], affected: bool) -> None:
    quirk = Quirk(number=1, rows=rows, does="", clauses=(), cases=(), repair={})
    assert quirk.affects("hypercorn+trio+h2") is affected
