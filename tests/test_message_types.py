"""The types in the annotations of messages and of parameters."""

from types import NoneType
from typing import Annotated, Optional, Union

import pytest
from typing_extensions import TypeAliasType

from anysocket.messages.types import annotated_members, members, named, resolved, unaliased, union

Text = TypeAliasType("Text", str)
Either = TypeAliasType("Either", Union[Text, bytes])  # noqa: UP007 - what it is at run time
Short = Annotated[str, "short"]
ShortAlias = TypeAliasType("ShortAlias", Short)
Longer = Annotated[ShortAlias, "not so short"]
LongerAlias = TypeAliasType("LongerAlias", Longer)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (str, (str,)),
        (str | bytes, (str, bytes)),
        (Union[str, bytes], (str, bytes)),  # noqa: UP007
        (Optional[str], (str, NoneType)),  # noqa: UP045
        (Text, (str,)),
        (Either, (str, bytes)),
        (Union[Either, int], (str, bytes, int)),  # noqa: UP007
        (Annotated[str | int, 1], (str, int)),
        (ShortAlias, (str,)),
        (Union[Short, int], (str, int)),  # noqa: UP007
        (list[str | int], (list[str | int],)),
        (None, (None,)),
    ],
)
def test_members(of: object, expected: tuple[object, ...]) -> None:
    assert members(of) == expected


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (Union[Short, int], (Short, int)),  # noqa: UP007
        (ShortAlias, (Short,)),
        (Annotated[str | int, 1], (Annotated[str | int, 1],)),
        (Either, (str, bytes)),
    ],
)
def test_what_they_are_annotated_with_is_kept(of: object, expected: tuple[object, ...]) -> None:
    assert annotated_members(of) == expected


def test_what_a_type_stands_for() -> None:
    assert resolved(LongerAlias) is str
    assert unaliased(ShortAlias) == Short
    assert resolved(list[Text]) == list[Text]


def test_a_union_of_one_is_that_one() -> None:
    assert union((str,)) is str
    assert union((str, bytes)) == str | bytes


@pytest.mark.parametrize(
    ("of", "expected"),
    [(str, "str"), (list[int], "list[int]"), (Optional[int], "Optional[int]"), (str | None, "str | None")],  # noqa: UP045
)
def test_named(of: object, expected: str) -> None:
    assert named(of) == expected
