"""What a repair relies on is renamed in its server: a warning, the right declaration, and it still works.

A release of a server may rename anything that isn't its interface. Each test is about one repair,
of all that are registered. It renames one of the names that the repair needs, and every one of
them when the environment has ANYSOCKET_EVERY_NAME, as the weekly `tox run -e repairs` has it.
"""

import dis
import json
import os
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import FunctionType, ModuleType

import pytest
from tests.servers.serving import ROOT

import anysocket_adapters
from anysocket_adapters import servers
from anysocket_adapters.repairs.repair import Repair, Repairs
from anysocket_adapters.repairs.wsproto import DEFLATE
from anysocket_adapters.uvicorn.native import NEEDS
from anysocket_matrix.peer.frames import Opcode
from anysocket_matrix.peer.peer import Peer
from anysocket_matrix.rows.rows import HTTP2

EVERY = "ANYSOCKET_EVERY_NAME" in os.environ

# Of the implementation that uvicorn itself has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated")

NOT_SHOWN = {DEFLATE}
"""The repairs that show only to a peer that compresses: tests/test_wsproto_repairs.py breaks them."""


FOLLOWS = {"protocol_error_code"}
"""On hypercorn the code of a breach comes from the answer to it."""


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(found.name)


def registered() -> Iterator[tuple[Repairs, Repair]]:
    """Give every repair of every registry, from wherever they are."""
    found = dict.fromkeys(
        each
        for module in modules(anysocket_adapters)
        for each in vars(module).values()
        if isinstance(each, Repairs)
    )
    for repairs in found:
        yield from ((repairs, repair) for repair in repairs.all)


REPAIRS = [each for each in registered() if each[0] not in NOT_SHOWN]


@dataclass(frozen=True)
class Seen:
    """What a server has said, in a process of its own."""

    failed: str | None
    absent: list[str]
    declared: list[str]
    applied: list[str]
    warnings: list[str]
    errors: list[str]


@contextmanager
def kills_after(seconds: float, process: subprocess.Popen[str]) -> Generator[None]:
    """End a server that a renamed name has stopped from ending by itself."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def serve(row: str, *renamed: str) -> Seen:
    """Serve an echo, and ask it twice."""
    command = [sys.executable, "-m", "tests.servers.renamed", row, *renamed]
    with (
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        kills_after(60, process),
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        if line.startswith("ws"):
            for _ in range(2):
                with Peer.connect(line.strip(), http2=HTTP2 in row.split("+")) as peer:
                    peer.send_text("hello")
                    while (frame := peer.receive_frame()).opcode is Opcode.PING:
                        pass  # some servers ping first
                    assert frame.payload == b"hello"
                    peer.send_close(1000)
                    while peer.receive_frame().opcode is not Opcode.CLOSE:
                        pass
            line = ""
        printed, log = process.communicate(timeout=20)
        assert process.returncode == 0, log
        return Seen(**json.loads(line + printed))


@cache
def as_it_is(row: str) -> Seen:
    """Serve on a row of which nothing is renamed."""
    seen = serve(row)
    assert seen.failed is None
    assert seen.errors == seen.warnings == []
    assert seen.absent == seen.declared
    return seen


def rows_with(repairs: Repairs, repair: Repair) -> list[str]:
    """Give the rows on which a class is repaired, of the servers that its repairs are for."""
    package = repair.mixin.__module__.rpartition(".")[0].removesuffix(
        ".repairs"
    )  # those are for every server
    name = f"{repairs.target} {repair.mixin.__qualname__}"
    rows = [
        "+".join([name, *[loop] * (loop != "asyncio"), *[HTTP2] * http2])
        for name, server in servers().items()
        if type(server).__module__.startswith(package) and _adapter(type(server).__module__) in REPAIRED
        for loop in server.loops
        for http2 in ((False, True) if server.http2 else (False,))
        if loop != "uvloop"  # on which the same is repaired as on asyncio
    ]
    return [row for row in rows if name in as_it_is(row).applied]


def _adapter(module: str) -> str:
    return module.rpartition(".")[0]


REPAIRED = {_adapter(each.mixin.__module__) for _, each in REPAIRS}
"""The packages of the adapters that have repairs."""


# The names that a release can change


def packages(repairs: Repairs) -> set[str]:
    """Give the packages that a class is of: its own, and those of its bases, which aren't Python's."""
    kind = target(repairs)
    found = {each.__module__.partition(".")[0] for each in (kind, *kind.__bases__)}
    return found - {*sys.stdlib_module_names}


def target(repairs: Repairs) -> type:
    found: object = pkgutil.resolve_name(repairs.target)
    assert isinstance(found, type)
    return found


def owner(kind: type, name: str) -> str:
    """Give the package of the last class, up from this one, that has an attribute or stores it."""
    having = [each for each in kind.__mro__ if name in attributes(each)]
    return having[-1].__module__.partition(".")[0]


def attributes(kind: type) -> set[str]:
    """Give what a class itself has, and what its methods store."""
    methods = [getattr(each, "fget", None) or each for each in vars(kind).values()]
    instructions = [
        each
        for method in methods
        if isinstance(method, FunctionType)
        for each in dis.get_instructions(method)
    ]
    return {*vars(kind), *(each.argval for each in instructions if each.opname == "STORE_ATTR")}


def renamable(repairs: Repairs, needs: Iterable[str]) -> list[str]:
    """Leave out what a class has from another library's interface, which no release of its own renames."""
    kind, own = target(repairs), packages(repairs)
    return [need for need in needs if ":" in need or (has_name(kind, need) and owner(kind, need) in own)]


def has_name(kind: type, name: str) -> bool:
    """Tell whether a class has a name: another repair may add it."""
    return any(name in attributes(each) for each in kind.__mro__)


# The tests


@pytest.mark.parametrize(
    ("repairs", "repair"),
    [pytest.param(*each, id=each[1].mixin.__qualname__) for each in REPAIRS],
)
def test_a_name_that_it_needs(repairs: Repairs, repair: Repair) -> None:
    rows = rows_with(repairs, repair)
    assert rows, f"nothing uses {repairs.target}"
    names = renamable(repairs, repair.needs)
    assert names, f"all that {repair.mixin.__name__} needs is another library's"
    for row in rows if EVERY else rows[:1]:
        for name in names if EVERY else names[:1]:
            check(row, repairs, name)


def renaming(row: str, repairs: Repairs, need: str) -> list[str]:
    """Give the arguments with which `renamed` renames what a repair needs, in the row's server too."""
    module, colon, found = need.rpartition(":")
    own = packages(repairs) | {servers()[row.partition("+")[0]].distribution}
    if colon:
        own.add(module.partition(".")[0])
    attribute = found.rpartition(".")[2]
    return [f":{found}" if colon and attribute == found else attribute, *sorted(own)]


def check(row: str, repairs: Repairs, name: str) -> None:
    seen = serve(row, *renaming(row, repairs, name))
    assert seen.failed is None, (row, name)
    assert seen.errors == [], (row, name)
    # Others may need the name too, or what the repair adds: each of them says so.
    assert any(name in said for said in seen.warnings), (row, name)
    warned = [
        each
        for of, each in REPAIRS
        if any(
            f"without {each.mixin.__name__}." in said or f"no {of.target}: " in said for said in seen.warnings
        )
    ]
    losing = (keeps for each in warned if name in each.needs for keeps in each.keeps)
    assert {*seen.absent} >= {*seen.declared, *losing}, (row, name)
    possible = {*seen.declared, *(keeps for each in warned for keeps in each.keeps), *FOLLOWS}
    assert {*seen.absent} <= possible, (row, name)


@pytest.mark.parametrize("need", NEEDS if EVERY else NEEDS[:1])
def test_a_name_that_our_connection_needs(need: str) -> None:
    """uvicorn's own implementation then serves, with its own declaration."""
    seen = serve("uvicorn", need.rpartition(".")[2], "uvicorn")
    assert seen.failed is None
    assert seen.errors == []
    assert any(f"{need}: anysocket goes on without a connection of its own" in said for said in seen.warnings)
    assert seen.declared == as_it_is("uvicorn-sansio").declared
    assert {*seen.absent} >= {*seen.declared}


@pytest.mark.parametrize("repairs", {each: None for each, _ in REPAIRS}, ids=lambda repairs: repairs.target)
def test_its_class(repairs: Repairs) -> None:
    name = repairs.target.rpartition(":")[2]
    for row in rows_with(repairs, repairs.all[0])[: None if EVERY else 1]:
        seen = serve(row, *renaming(row, repairs, repairs.target))
        if seen.failed is not None:  # it can't be served without, and says so
            assert name in seen.failed, row
            continue
        assert any(name in said for said in seen.warnings), row
        assert {*seen.absent} >= {*seen.declared, *repairs.everything()}, row


@pytest.mark.parametrize("repairs", {each: None for each, _ in REPAIRS}, ids=lambda repairs: repairs.target)
def test_what_it_overrides_it_needs(repairs: Repairs) -> None:
    """And what it adds hides nothing of the server's."""
    known = {name for kind in target(repairs).__mro__ for name in attributes(kind)}
    for each in repairs.all:
        own = {name for name in vars(each.mixin) if not name.startswith("__")}
        assert own & known <= {*each.needs}, each.mixin
