"""Looking into the annotations of messages and of parameters."""

from types import NoneType
from typing import Annotated, Optional, Union

import pytest
from typing_extensions import TypeAliasType

from anysocket.messages.types import annotated_members, members, named, resolved, unaliased, union

Text = TypeAliasType("Text", str)
Both = TypeAliasType("Both", "Text | bytes")
Either = TypeAliasType("Either", Union[Text, bytes])
Short = Annotated[str, "short"]
ShortAlias = TypeAliasType("ShortAlias", Short)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (str, (str,)),
        (str | bytes, (str, bytes)),
        (Union[str, bytes], (str, bytes)),
        (Optional[str], (str, NoneType)),
        (Text, (str,)),
        (Either, (str, bytes)),
        (Union[Either, int], (str, bytes, int)),
        (Annotated[str | int, 1], (str, int)),
        (ShortAlias, (str,)),
        (Union[Short, int], (str, int)),
        (list[str | int], (list[str | int],)),
        (None, (None,)),
    ],
)
def test_members(of: object, expected: tuple[object, ...]) -> None:
    assert members(of) == expected


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (Union[Short, int], (Short, int)),
        (ShortAlias, (Short,)),
        (Annotated[str | int, 1], (Annotated[str | int, 1],)),
        (Either, (str, bytes)),
    ],
)
def test_what_they_are_annotated_with_is_kept(of: object, expected: tuple[object, ...]) -> None:
    assert annotated_members(of) == expected


def test_what_a_type_stands_for() -> None:
    assert resolved(TypeAliasType("More", Annotated[ShortAlias, 2])) is str
    assert unaliased(ShortAlias) == Short
    assert resolved(list[Text]) == list[Text]


def test_a_union_of_one_is_that_one() -> None:
    assert union((str,)) is str
    assert union((str, bytes)) == str | bytes


@pytest.mark.parametrize(
    ("of", "expected"),
    [(str, "str"), (list[int], "list[int]"), (Optional[int], "Optional[int]"), (str | None, "str | None")],
)
def test_named(of: object, expected: str) -> None:
    assert named(of) == expected
