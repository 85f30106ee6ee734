"""The memory of an idle connection: by allocating line, without earlier allocations."""

import tracemalloc
from collections.abc import Iterator

import pytest

import anysocket
from anysocket import Application
from anysocket.session.session import Session
from anysocket.testing.memory import MemoryTransport
from anysocket_matrix.cost import memory
from anysocket_matrix.cost.memory import allocated, held
from anysocket_matrix.cost.own_files import is_own

MANY = 100


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
def test_what_came_in_between_is_told_with_its_line() -> None:
    early = [Session(MemoryTransport(), 1, 1.0) for _ in range(MANY)]
    before = allocated()
    late = [MemoryTransport() for _ in range(MANY)]
    found = held(before, allocated(), MANY)
    assert len(early) == len(late)
    assert [each.size for each in found] == sorted((each.size for each in found), reverse=True)
    assert {each.where for each in found} == {"memory"}
    assert found[0].line == "self._items = deque[Item]()"


@pytest.mark.usefixtures("traced")
def test_what_is_small_or_somebody_elses_is_not_told() -> None:
    before = allocated()
    application, others = Application(), [bytes(1000) for _ in range(MANY)]
    assert held(before, allocated(), MANY) == []
    assert application.routes == []
    assert others


@pytest.mark.parametrize("folder", ["anysocket", "anysocket_matrix", "x y", "é"])
def test_a_file_is_not_anysockets_by_the_names_of_its_folders(folder: str) -> None:
    """A clone of this repository is called anysocket, and holds tests and virtual environments."""
    assert is_own(memory.__file__)
    assert not is_own(f"/home/{folder}/tests/test_echo.py")
    assert not is_own(f"{anysocket.__path__[0]}_of_somebody_else/__init__.py")
