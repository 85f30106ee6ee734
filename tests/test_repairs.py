"""The one way to change what a server does: its object gets a subclass of its own class."""

import logging
from asyncio import Protocol
from typing import TYPE_CHECKING

import pytest

from anysocket import Capabilities, Support
from anysocket_adapters.repairs.repair import Repairs, warn_unrepaired, without


class Door:
    """A class of a server's."""

    closed: bool

    def __init__(self) -> None:
        self.opened = 0

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        def later() -> None:
            self.closed = True

        later()


if TYPE_CHECKING:  # as a repair imports the server's class
    Base = Door
else:
    Base = object


def repairs(*needs: str, target: str = f"{__name__}:Door") -> Repairs:
    found = Repairs("a-server", target)

    @found.repair(needs=needs, keeps=("close_code",))
    class OpensTwice(Base):
        def open(self) -> None:
            super().open()
            super().open()

    @found.repair(needs=("opened",), keeps=("close_reason",))
    class CountsFromTen(Base):
        def open(self) -> None:
            super().open()
            self.opened += 10

    return found


@pytest.fixture(autouse=True)
def _warns_again() -> None:
    warn_unrepaired.cache_clear()


def test_an_object_gets_all_repairs_the_last_one_first() -> None:
    door, found = Door(), repairs("open", "opened", "closed")
    found.apply(door)
    door.open()
    assert door.opened == 12
    assert type(door).__name__ == "Door"
    assert found.fits(door)
    assert not found.lost(door)


def test_applied_twice_is_applied_once() -> None:
    door, other, found = Door(), Door(), repairs("open")
    found.apply(door)
    kind = type(door)
    found.apply(door)
    found.apply(other)
    assert type(door) is type(other) is kind


def test_a_subclass_makes_repaired_objects() -> None:
    found = repairs("open")
    kind = found.subclass()
    assert kind is not None
    door: Door = kind()
    found.apply(door)
    assert type(door) is kind
    door.open()
    assert door.opened == 12


@pytest.mark.parametrize("missing", ["open_soon", "closing", "no.such.module:Name", f"{__name__}:Gate"])
def test_only_the_repair_is_left_out_that_needs_what_is_missing(
    missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = repairs("open", missing)
    doors = [Door(), Door()]
    for door in doors:
        found.apply(door)
        door.open()
        assert door.opened == 11
        assert found.lost(door) == {"close_code"}
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"a-server of an unknown version has no {missing}: anysocket goes on without OpensTwice. "
        "Is there a newer anysocket?"
    )


def test_a_class_that_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    found = repairs("open", target=f"{__name__}:Gate")
    assert found.subclass() is None
    assert not found.fits(Door())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert found.everything() == {"close_code", "close_reason"}


def test_a_subclass_of_the_servers_own_class_fits_too() -> None:
    class Gate(Door):
        pass

    gate, found = Gate(), repairs("open")
    assert found.fits(gate)
    found.apply(gate)
    assert isinstance(gate, Gate)
    gate.open()
    assert gate.opened == 12


def test_a_class_whose_bases_have_slots() -> None:
    class Gate(Protocol):  # as asyncio's own protocols have them
        opened = 0

        def open(self) -> None:
            pass

    door, found = Gate(), Repairs("a-server", f"{__name__}:{Gate.__qualname__}")

    @found.repair(needs=("open", "opened"))
    class Opens(Base):
        def open(self) -> None:
            self.opened += 1

    assert not found.apply(door)
    door.open()
    assert door.opened == 1


class Slot:
    """A class whose objects have no `__dict__`."""

    __slots__ = ("opened",)

    def open(self) -> None:
        self.opened = 1


@pytest.mark.parametrize("target", [Door, Slot])
def test_objects_that_can_have_no_repairs(target: type, caplog: pytest.LogCaptureFixture) -> None:
    found = repairs("open", target=f"{__name__}:{target.__qualname__}")
    for left in (Slot(), Slot()):
        assert found.apply(left) == found.lost(left) == found.everything()
        assert type(left) is Slot
        left.open()
        assert left.opened == 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_what_is_lost_is_declared_absent() -> None:
    declared = Capabilities(close_code=Support.REPAIRED, header_order=Support.ABSENT)
    assert without(declared, frozenset()) is declared
    assert without(declared, {"close_code"}) == Capabilities(
        close_code=Support.ABSENT, header_order=Support.ABSENT
    )
