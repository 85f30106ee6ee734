"""The values of parameters, from text and to text."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Literal, Optional
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeAliasType

from anysocket.routing.parameters import parameter


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Sort(StrEnum):
    UP = "up"


class Switch(Enum):
    ON = True
    OFF = False


class Alike(Enum):
    NUMBER = 1
    TEXT = "1"


Id = TypeAliasType("Id", int)
Ids = TypeAliasType("Ids", list[int])

OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

VALUES: list[tuple[object, st.SearchStrategy[object]]] = [
    (str, st.text()),
    (int, st.integers()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (UUID, st.uuids()),
    (date, st.dates()),
    (datetime, st.datetimes() | st.datetimes(timezones=OFFSETS)),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (Sort, st.sampled_from(Sort)),
    (Switch, st.sampled_from(Switch)),
    (Literal["a", 1, True], st.sampled_from(["a", 1, True])),
]


@given(st.data())
@pytest.mark.parametrize(("kind", "values"), VALUES)
def test_round_trip(kind: object, values: st.SearchStrategy[object], data: st.DataObject) -> None:
    value = data.draw(values)
    converter = parameter(kind).converter
    parsed = converter.parse(converter.format(value))
    assert parsed == value
    assert type(parsed) is type(value)


@given(st.text() | st.from_regex(r"[0-9T:Z+.WeE-]*"))
@pytest.mark.parametrize("kind", [kind for kind, _ in VALUES])
def test_any_other_text_is_a_value_error(kind: object, text: str) -> None:
    with suppress(ValueError, OverflowError):  # and nothing else
        parameter(kind).converter.parse(text)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "007", 7),
        (int, "+7", 7),
        (int, "-0", 0),
        (float, "1e3", 1000.0),
        (float, ".5", 0.5),
        (bool, "TRUE", True),
        (bool, "1", True),
        (bool, "yes", True),
        (bool, "on", True),
        (bool, "false", False),
        (bool, "0", False),
        (bool, "No", False),
        (bool, "off", False),
        (UUID, "00000000000000000000000000000001", UUID(int=1)),
        (UUID, "00000000-0000-0000-0000-00000000000A", UUID(int=10)),
        (datetime, "2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (Level, "2", Level.HIGH),
        (Switch, "true", Switch.ON),
        (str, "", ""),
    ],
)
def test_parse(kind: object, text: str, value: object) -> None:
    assert parameter(kind).converter.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (
            int,
            [
                "",
                " 1",
                "1 ",
                "1_0",
                "1.0",
                "0x1",
                "\N{ARABIC-INDIC DIGIT ONE}",
                "1\n",
                "9" * 5000,
                "-",
                "1\0",
            ],
        ),
        (
            float,
            ["", "nan", "inf", "-Infinity", "1e999", "1_0", " 1", "1\n", "\N{ARABIC-INDIC DIGIT ONE}", "e"],
        ),
        (bool, ["", "2", "t", "true ", "None"]),
        (
            UUID,
            [
                "",
                "0" * 31,
                "0x" + "1" * 30,
                " " * 31 + "1",
                "1_" * 16,
                "\N{FULLWIDTH DIGIT ONE}" * 32,
                "urn:uuid:" + "0" * 32,
            ],
        ),
        (date, ["", "2026-02-30", "0000-01-01", "10000-01-01", "2026-01-31T00:00:00", "9999-W53-7"]),
        (datetime, ["", "2026-01-31T25:00:00", "2026-01-31T12:00:00+24:00", "99999-01-01T00:00:00"]),
        (Color, ["", "RED", "green"]),
        (Literal["a", 1], ["", "b", "01"]),
    ],
)
def test_refused(kind: object, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises((ValueError, OverflowError)):
            parameter(kind).converter.parse(text)


@pytest.mark.parametrize(
    ("kind", "is_list", "is_optional"),
    [
        (int, False, False),
        (int | None, False, True),
        (Optional[int], False, True),  # noqa: UP045
        (list[int], True, False),
        (list[int] | None, True, True),
        (Annotated[int, "doc"], False, False),
        (Annotated[int | None, "doc"], False, True),
        (list[Annotated[int, "doc"]], True, False),
        (Id, False, False),
        (Ids, True, False),
    ],
)
def test_what_an_annotation_asks_for(kind: object, is_list: bool, is_optional: bool) -> None:
    found = parameter(kind)
    assert (found.is_list, found.is_optional, found.converter.wants) == (is_list, is_optional, "an integer")


def test_what_is_wanted_of_a_choice() -> None:
    assert parameter(Literal["a", True, 3]).converter.wants == "one of a, true, 3"


@pytest.mark.parametrize(
    "kind",
    [
        bytes,
        object,
        None,
        int | str,
        list,
        list[list[int]],
        list[int | None],
        dict[str, int],
        tuple[int, ...],
        "x",
    ],
)
def test_unconvertible(kind: object) -> None:
    with pytest.raises(
        TypeError,
        match=re.escape(
            "can't be a parameter: use str, int, float, bool, UUID, date, datetime, an Enum, a Literal, "
            "one of them | None, or in the query a list of them"
        ),
    ):
        parameter(kind)


@pytest.mark.parametrize("kind", [Alike, Literal[1, "1"], Literal[True, "true"], list[Alike]])
def test_choices_of_the_same_text(kind: object) -> None:
    with pytest.raises(TypeError, match="have the same text"):
        parameter(kind)
